import { setTimeout as pause } from 'node:timers/promises';

/** The time inside the emulator, which may run faster than real time. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** How many of its seconds pass in one real second. */
  speed: number;
  /** Resolves after this many of its milliseconds, or at once when the signal comes. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Somebody has looked at what happened, so a clock that waits for that runs on. */
  looked(): void;
};

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * A clock that starts at the real time and runs `speed` times as fast. With `waitsAfterMs` it stands still once so many of its
 * milliseconds have passed since somebody looked, until they look again: on a busy machine, minutes of a fast clock do not pass
 * behind the back of whoever watches.
 */
export function createClock(speed = 1, waitsAfterMs = Number.POSITIVE_INFINITY): Clock {
  if (!(speed > 0 && Number.isFinite(speed)))
    throw new RangeError(`a clock cannot run ${speed} times as fast`);
  let look = { at: Date.now(), since: performance.now(), again: Promise.withResolvers<void>() };
  const now = (): number => look.at + Math.min((performance.now() - look.since) * speed, waitsAfterMs);

  /** Resolves when some of the time until then has passed. */
  const nap = async (until: number, signal: AbortSignal | undefined): Promise<void> => {
    const standsAt = look.at + waitsAfterMs;
    if (now() >= standsAt) return stillness(look.again.promise, signal);
    // The longest time that a timer takes; a longer one would fire at once.
    const napMs = Math.min((Math.min(until, standsAt) - now()) / speed, LONGEST_TIMER_MS);
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
      const { again } = look;
      look = { at: now(), since: performance.now(), again: Promise.withResolvers<void>() };
      again.resolve();
    },
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
