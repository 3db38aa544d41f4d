/**
 * The platform's time, which log entries and metric points carry. This machine's own clock may be wrong, or be changed
 * in between.
 */
export type PlatformClock = {
  /** Sets the clock by an answer that has just arrived. */
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
