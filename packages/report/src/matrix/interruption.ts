import { Interruption } from './run.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that is aborted when this process is asked to stop, for the first time; a second time it stops at once. */
export function interruptedBySignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals): void => {
    for (const each of SIGNALS) process.off(each, stop);
    controller.abort(new Interruption(`interrupted by ${signal}`));
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return controller.signal;
}
