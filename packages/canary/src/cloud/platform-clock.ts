/** The platform's time, which is what entries and points carry. This machine's clock may be wrong, and may be set meanwhile. */
export type PlatformClock = {
  /** Takes over the time of an answer that has just come. */
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
