import { Interrupted } from './errors.ts';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
// One Ctrl-C may arrive twice: from the terminal and, up to 40 ms later on a busy machine, from pnpm. A repeat within
// this time therefore counts as the same Ctrl-C.
const SAME_CTRL_C_MS = 1000;

type Interruption = Disposable & {
  /** Aborts at the first Ctrl-C, SIGTERM or closed terminal, with an `Interrupted` as its reason. */
  signal: AbortSignal;
};

const lastResorts = new Set<() => void>();

/**
 * Makes Ctrl-C, SIGTERM and a closed terminal abort one AbortSignal instead of ending the process. Functions that wait
 * take this signal as a parameter and reject with its reason. A second Ctrl-C kills the commands that are still stopping
 * or, if there are none, ends the process at once. A third Ctrl-C always ends it.
 *
 * This lasts until the result is disposed of or, after an interruption, until the process ends: a repeat of the same
 * Ctrl-C must not end a process that has written its results and is about to exit with its own exit code.
 */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  let isSameCtrlC = false;
  let hasKilled = false;
  const listener = (name: NodeJS.Signals): void => {
    if (isSameCtrlC) return;
    isSameCtrlC = true;
    afterReadingAll(SAME_CTRL_C_MS, () => {
      isSameCtrlC = false;
    });
    if (!controller.signal.aborted) controller.abort(new Interrupted(name));
    else if (lastResorts.size === 0 || hasKilled) {
      // Say why the script ends. On a busy machine, pnpm may pass on the first Ctrl-C so late that it counts as a
      // second one, and somebody who pressed it only once would wonder.
      process.stderr.write(`\nended at once, since ${name} came again\n`);
      endBy(name);
    } else {
      hasKilled = true;
      for (const kill of lastResorts) kill();
    }
  };
  for (const name of STOP_SIGNALS) process.on(name, listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      if (controller.signal.aborted) return;
      for (const name of STOP_SIGNALS) process.off(name, listener);
    },
  };
}

/**
 * Calls `then` after some time, and after whatever arrived in that time has been read. A process that was held up
 * reads a signal long after it came, and its timers run first.
 */
function afterReadingAll(ms: number, then: () => void): void {
  setTimeout(() => setImmediate(then), ms).unref();
}

/**
 * Until the result is disposed of, a second Ctrl-C calls `kill`. Meant for commands that may not stop by themselves.
 */
export function killWhenAskedAgain(kill: () => void): Disposable {
  lastResorts.add(kill);
  return { [Symbol.dispose]: () => void lastResorts.delete(kill) };
}

/** Ends this process by a signal, after removing the listeners that would catch it. */
export function endBy(name: NodeJS.Signals): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

/**
 * Does work. As soon as the signal aborts, rejects with the signal's reason. The work itself is not stopped, only
 * abandoned, so use this for waiting and for requests. If the signal has already aborted, the work does not begin.
 */
export async function interruptible<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal === undefined) return work();
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const working = work();
  // Nobody waits for abandoned work any more, so its failure must not count as unhandled.
  working.catch(() => {});
  try {
    return await Promise.race([working, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** What an interruption means at this point: what was going on, and what to do now. */
type InterruptionNotice = { message: string; hint: string };

/**
 * Does work. If it is interrupted, throws an Interrupted with the words that `notice` has at that moment; the work may
 * change them as it goes on. When calls are nested, the innermost notice counts.
 */
export async function tellIfInterrupted<T>(
  signal: AbortSignal | undefined,
  notice: InterruptionNotice,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Interrupted && error === signal?.reason)
      throw new Interrupted(error.signal, `interrupted ${notice.message}`, notice.hint);
    throw error;
  }
}
