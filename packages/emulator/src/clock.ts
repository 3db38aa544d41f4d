import { setTimeout as pause } from 'node:timers/promises';

/** The time inside the emulator, which may run faster than the wall's. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** How many of its seconds pass in one of the wall's. */
  speed: number;
  /** Resolves after so many of its milliseconds, or at once when the signal comes. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A clock that starts at the wall's time and from then on runs `speed` times as fast. */
export function createClock(speed = 1): Clock {
  if (!(speed > 0 && Number.isFinite(speed))) throw new RangeError(`no clock runs ${speed} times as fast`);
  const startedAt = Date.now();
  const origin = performance.now();
  return {
    now: () => startedAt + (performance.now() - origin) * speed,
    speed,
    async sleep(ms, signal) {
      let left = ms / speed;
      do {
        // Timers take no more than this; a longer one would go off at once.
        await pause(Math.min(left, LONGEST_TIMER_MS), undefined, { signal, ref: false }).catch(() => {});
        left -= LONGEST_TIMER_MS;
      } while (left > 0 && !signal?.aborted);
    },
  };
}
