import type { ProcessPromise } from 'zx/core';
import { Interrupted } from './errors.ts';
import { onStopSignals } from './stop-signals.ts';

export type Stopping = Disposable & {
  /** Throws Interrupted when a signal has asked to stop; what was to be stopped has ended by now. */
  throwIfStopped(message: string, hint: string): void;
};

/**
 * From here until it is disposed of, a signal that stops this process stops a child and all that the child has started,
 * and this process goes on until they have ended. Asked once more, it does not ask them again: it kills them.
 */
export function stopAlong(child: ProcessPromise): Stopping {
  let stoppedBy: NodeJS.Signals | undefined;
  const listening = onStopSignals(
    (signal) => {
      stoppedBy = signal;
      // zx finds what is to be stopped through a shell, and Node has a warning for that, which nobody here can act on.
      process.noDeprecation = true;
      void child.kill(signal);
    },
    () => void child.kill('SIGKILL'),
  );
  return {
    throwIfStopped(message, hint) {
      if (stoppedBy !== undefined) throw new Interrupted(stoppedBy, message, hint);
    },
    // Stopped, it listens on: the same Ctrl-C, passed on by pnpm, is not to cut short what is still to be done.
    [Symbol.dispose]: () => {
      if (stoppedBy === undefined) listening[Symbol.dispose]();
    },
  };
}
