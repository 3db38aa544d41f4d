import { killCommands, onStopSignals } from '@deploy/cli';

/** The abort reason that ends a run early. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
}

/**
 * A signal that aborts when this process receives a stop signal. A second stop signal kills the commands that are still
 * shutting down, and the results so far are written as after the first; a third ends the process at once.
 */
export function interruptedBySignal(): AbortSignal {
  const controller = new AbortController();
  let hasKilled = false;
  // Keep listening until the end: when nobody else listens, the terminal display ends the process at a signal, before
  // the results are written.
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

/** Waits for work, or rejects with the signal's reason once it aborts. The work itself continues, unobserved. */
export function interruptible<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  // Abandoned work may still fail, and nobody waits for it.
  work.catch(() => {});
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
}
