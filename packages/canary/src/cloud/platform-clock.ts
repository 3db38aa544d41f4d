/**
 * The platform's time, as in the timestamps of log entries and metric points. This machine's clock may be wrong, or be
 * reset midway.
 */
export type PlatformClock = {
  /** Sets the clock by the time in an answer that has just arrived. */
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
