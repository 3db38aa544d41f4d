import { setTimeout as pause } from 'node:timers/promises';

/** The time inside the emulator, which may run faster than real time. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** How many of its seconds pass in one real second. */
  speed: number;
  /** Resolves after this many of its milliseconds, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Somebody has looked at what happened, so a clock that waits for that runs on. */
  looked(): void;
  /** Lets go of what keeps it going. */
  stop(): void;
};

const LONGEST_TIMER_MS = 2 ** 31 - 1;
const TICK_MS = 10;
/** The most that a fast clock goes on between two of its ticks, in real milliseconds. */
const LONGEST_TICK_MS = 25;

/**
 * A clock that starts at the real time and runs `speed` times as fast. On a busy machine, a fast one would outrun what it is
 * there for, in two ways:
 *
 * - While this process does not get to run, no requests are made or answered, and minutes would pass without their traffic. A fast
 *   clock therefore goes on tick by tick, with one tick at most in each turn of the event loop.
 * - Minutes would pass behind the back of whoever watches from another process. With `waitsAfterMs` the clock stands still once so
 *   many of its milliseconds have passed since somebody looked, until they look again.
 */
export function createClock(speed = 1, waitsAfterMs = Number.POSITIVE_INFINITY): Clock {
  if (!(speed > 0 && Number.isFinite(speed)))
    throw new RangeError(`a clock cannot run ${speed} times as fast`);
  const longestTickMs = speed > 1 ? LONGEST_TICK_MS : Number.POSITIVE_INFINITY;
  let ticked = { at: Date.now(), since: performance.now() };
  let still = { from: ticked.at + waitsAfterMs, again: Promise.withResolvers<void>() };
  const now = (): number => {
    const passedMs = Math.min(performance.now() - ticked.since, longestTickMs) * speed;
    return Math.min(ticked.at + passedMs, still.from);
  };
  const tick = (): void => {
    ticked = { at: now(), since: performance.now() };
  };
  const ticking = speed > 1 ? setInterval(tick, TICK_MS).unref() : undefined;

  /** Resolves when some of the time until then has passed. */
  const nap = async (until: number, signal: AbortSignal | undefined): Promise<void> => {
    if (now() >= still.from) return stillness(still.again.promise, signal);
    // The longest time that a timer takes; a longer one would fire at once.
    const napMs = Math.min((Math.min(until, still.from) - now()) / speed, LONGEST_TIMER_MS);
    await pause(Math.max(napMs, 0), undefined, { signal, ref: false }).catch(() => {});
  };
  return {
    now,
    speed,
    async sleep(ms, signal) {
      const until = now() + ms;
      do await nap(until, signal);
      while (now() < until && !signal?.aborted);
    },
    looked() {
      tick();
      const { again } = still;
      still = { from: ticked.at + waitsAfterMs, again: Promise.withResolvers<void>() };
      again.resolve();
    },
    stop: () => clearInterval(ticking),
  };
}

async function stillness(looked: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const woken = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener('abort', () => resolve(), { once: true, signal: woken.signal });
  });
  await Promise.race([looked, stopped]);
  woken.abort();
}
