import { Interruption } from './run.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that is aborted when this process is asked to stop, for the first time; a second time it stops at once. */
export function interruptedBySignal(): AbortSignal {
  const controller = new AbortController();
  // Left in place after the first time: what draws on the terminal ends the process at a signal that nobody else
  // listens for, before anything could be written.
  const stop = (signal: NodeJS.Signals): void => {
    if (!controller.signal.aborted) {
      controller.abort(new Interruption(`interrupted by ${signal}`));
      return;
    }
    for (const each of SIGNALS) process.off(each, stop);
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return controller.signal;
}
