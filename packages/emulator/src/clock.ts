import { setTimeout as pause } from 'node:timers/promises';

/** The time inside the emulator, which may run faster than real time. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** How many of its seconds pass in one real second. */
  speed: number;
  /** Resolves after this many of its milliseconds, or at once when the signal comes. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A clock that starts at the real time and runs `speed` times as fast. */
export function createClock(speed = 1): Clock {
  if (!(speed > 0 && Number.isFinite(speed)))
    throw new RangeError(`a clock cannot run ${speed} times as fast`);
  const startedAt = Date.now();
  const origin = performance.now();
  return {
    now: () => startedAt + (performance.now() - origin) * speed,
    speed,
    async sleep(ms, signal) {
      let left = ms / speed;
      do {
        // The longest time that a timer takes; a longer one would fire at once.
        await pause(Math.min(left, LONGEST_TIMER_MS), undefined, { signal, ref: false }).catch(() => {});
        left -= LONGEST_TIMER_MS;
      } while (left > 0 && !signal?.aborted);
    },
  };
}
