/**
 * The platform's time, by which log entries and metric points are timestamped. This machine's clock is not used,
 * because it may be wrong or be reset midway.
 */
export type PlatformClock = {
  /** Sets the clock. Call this as soon as an answer arrives, with the time at which the platform says it answered. */
  hear(answeredAt: Date): void;
  now(): Date;
};

export function createPlatformClock(): PlatformClock {
  let heard = { at: Date.now(), since: performance.now() };
  return {
    hear(answeredAt) {
      heard = { at: answeredAt.getTime(), since: performance.now() };
    },
    now: () => new Date(heard.at + performance.now() - heard.since),
  };
}
