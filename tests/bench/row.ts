import type { Comparison } from './measure.ts';

/** One thing that is measured. */
export type Row = {
  /** What it is called on the command line. */
  id: string;
  what: string;
  target: string;
  /** Takes so long that it is measured only when it is named. */
  onlyWhenNamed?: true;
  /** Measures it, taking at most `pairs` pairs where it compares. */
  measure(pairs: number): Promise<Measured>;
};

export type Measured =
  | {
      skipped: false;
      ours: string;
      theirs: string;
      /** In the target's unit. */
      value: string;
      /** How far the value is towards its target: 1 is just met, 2 is twice what it may be. */
      used: number;
      /** The pairs disagreed so much that the value tells nothing. */
      isNoise?: boolean;
    }
  | { skipped: true; why: string };

/** Pairs of the same work on a quiet machine are within a tenth or two of each other. */
const NOISY_SPREAD = 0.5;

/** Rows that are measured together: the first one that is asked for measures all of them. */
export function together<Id extends string>(
  measureAll: (pairs: number) => Promise<Record<Id, Measured>>,
): (id: Id) => Row['measure'] {
  let all: Promise<Record<Id, Measured>> | undefined;
  return (id) => async (pairs) => {
    all ??= measureAll(pairs);
    return (await all)[id];
  };
}

/** What a comparison came to, held against the ratio that it may have at most. */
export function asRatio({ oursMs, theirsMs, ratio, atMost, spread }: Comparison): Measured {
  return {
    skipped: false,
    isNoise: spread > NOISY_SPREAD,
    ours: `${Math.round(oursMs)} ms`,
    theirs: `${Math.round(theirsMs)} ms`,
    value: `${ratio.toFixed(2)}x`,
    used: ratio / atMost,
  };
}
