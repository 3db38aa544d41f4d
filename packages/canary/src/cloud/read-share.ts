import { MINUTE_MS } from './minutes.ts';

/** Our share of the reads that a project has each minute. */
export type ReadShare = {
  /** Takes one read; false when those of the past minute are used up. */
  take(): boolean;
};

/** Allows at most this many reads in any minute. */
export function createReadShare(mostAMinute: number): ReadShare {
  let taken: number[] = [];
  return {
    take() {
      const now = performance.now();
      taken = taken.filter((at) => now - at < MINUTE_MS);
      if (taken.length >= mostAMinute) return false;
      taken.push(now);
      return true;
    },
  };
}
