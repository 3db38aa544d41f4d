/** The platform's time, which entries and points carry. This machine's clock may be wrong, or be set in between. */
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
