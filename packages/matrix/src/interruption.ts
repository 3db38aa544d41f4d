import { killCommands, onStopSignals } from '@deploy/cli';
import { Interruption } from './run.ts';

/**
 * A signal that is aborted when this process is asked to stop. Asked a second time, it first kills the commands that are
 * still ending, and then writes what it has, as after the first; a third time ends it at once.
 */
export function interruptedBySignal(): AbortSignal {
  const controller = new AbortController();
  let hasKilled = false;
  // Never disposed of but to end: what draws on the terminal ends the process at a signal that nobody else listens for,
  // before anything could be written.
  const listening = onStopSignals(
    (signal) => controller.abort(new Interruption(`interrupted by ${signal}`)),
    (signal) => {
      killCommands();
      if (hasKilled) {
        listening[Symbol.dispose]();
        process.kill(process.pid, signal);
      }
      hasKilled = true;
    },
  );
  return controller.signal;
}
