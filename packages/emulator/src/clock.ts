import { setTimeout as pause } from 'node:timers/promises';

/** The time inside the emulator, which may run faster than real time. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** How many seconds of this clock pass in one real second. */
  speed: number;
  /** Resolves after this many milliseconds of this clock, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Tells the clock that somebody has read logs or metrics. If the clock was waiting for that, it continues. */
  looked(): void;
  stop(): void;
};

const LONGEST_TIMER_MS = 2 ** 31 - 1;
const TICK_MS = 10;
/** Between two ticks, a fast clock counts at most this much real time. */
const LONGEST_TICK_MS = 25;

/**
 * A clock that starts at the real time and runs `speed` times as fast. On a busy machine, a fast clock could run ahead
 * of what depends on it, so it is held back in two ways:
 *
 * - While this process gets no processor time, it makes and answers no requests, and minutes would pass without
 *   traffic. So a fast clock advances in ticks of limited length, at most one in each turn of the event loop.
 * - Another process may be too slow to read the logs and metrics of each minute before more minutes pass. So with
 *   `waitsAfterMs`, the clock stops when that many of its own milliseconds have passed since the last read. The next
 *   read starts it again.
 */
export function createClock(speed = 1, waitsAfterMs = Number.POSITIVE_INFINITY): Clock {
  if (!(speed > 0 && Number.isFinite(speed)))
    throw new RangeError(`a clock cannot run ${speed} times as fast`);
  const longestTickMs = speed > 1 ? LONGEST_TICK_MS : Number.POSITIVE_INFINITY;
  let ticked = { at: Date.now(), since: performance.now() };
  let halt = { at: ticked.at + waitsAfterMs, lifted: Promise.withResolvers<void>() };
  const now = (): number => {
    const passedMs = Math.min(performance.now() - ticked.since, longestTickMs) * speed;
    return Math.min(ticked.at + passedMs, halt.at);
  };
  const tick = (): void => {
    ticked = { at: now(), since: performance.now() };
  };
  const ticking = speed > 1 ? setInterval(tick, TICK_MS).unref() : undefined;

  /** Waits until the clock shows `until`, but may return too early. The caller then calls it again. */
  const nap = async (until: number, signal: AbortSignal | undefined): Promise<void> => {
    if (now() >= halt.at) return untilLifted(halt.lifted.promise, signal);
    // A timer takes no more than LONGEST_TIMER_MS; a longer one would fire at once.
    const napMs = Math.min((Math.min(until, halt.at) - now()) / speed, LONGEST_TIMER_MS);
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
      const { lifted } = halt;
      halt = { at: ticked.at + waitsAfterMs, lifted: Promise.withResolvers<void>() };
      lifted.resolve();
    },
    stop: () => clearInterval(ticking),
  };
}

async function untilLifted(lifted: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const woken = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener('abort', () => resolve(), { once: true, signal: woken.signal });
  });
  await Promise.race([lifted, stopped]);
  woken.abort();
}
