import { endInterrupted, type InterruptionNotice, onStopSignals } from '@deploy/cli';
import type { ProcessPromise } from 'zx/core';

export type Stopping = Disposable & {
  /** Ends this process as a signal has asked, if one has; what was to be stopped has ended by now. */
  endIfStopped(notice: InterruptionNotice): void;
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
    endIfStopped(notice) {
      if (stoppedBy === undefined) return;
      listening[Symbol.dispose]();
      endInterrupted(stoppedBy, notice);
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}
