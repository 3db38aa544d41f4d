import type { ProcessPromise } from 'zx/core';
import { Interrupted } from './errors.ts';
import { killWhenAskedAgain } from './interruption.ts';

/**
 * Until the result is disposed of, aborting the signal stops a child and everything that the child has started. The
 * caller waits until the child has ended, however long that takes; a second Ctrl-C kills it.
 */
export function stopAlong(child: ProcessPromise, signal: AbortSignal | undefined): Disposable {
  const stop = (): void => {
    const { reason } = signal ?? {};
    // zx runs a shell to find the child's processes. Node warns that this is deprecated. A user could do nothing about
    // the warning, so it is switched off.
    process.noDeprecation = true;
    void child.kill(reason instanceof Interrupted ? reason.signal : 'SIGTERM');
  };
  const lastResort = killWhenAskedAgain(() => void child.kill('SIGKILL'));
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  return {
    [Symbol.dispose]() {
      lastResort[Symbol.dispose]();
      signal?.removeEventListener('abort', stop);
    },
  };
}
