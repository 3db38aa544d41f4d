import { onStopSignals } from '@deploy/cli';
import { Interruption } from './run.ts';

/** A signal that is aborted when this process is asked to stop, for the first time; a second time it stops at once. */
export function interruptedBySignal(): AbortSignal {
  const controller = new AbortController();
  // Never disposed of but to end: what draws on the terminal ends the process at a signal that nobody else listens for,
  // before anything could be written.
  const listening = onStopSignals(
    (signal) => controller.abort(new Interruption(`interrupted by ${signal}`)),
    (signal) => {
      listening[Symbol.dispose]();
      process.kill(process.pid, signal);
    },
  );
  return controller.signal;
}
