/** One thing that is measured. */
export type Row = {
  /** What it is called on the command line. */
  id: string;
  what: string;
  target: string;
  /** Measures it, taking `pairs` pairs where it compares. */
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
    }
  | { skipped: true; why: string };

/** What a comparison came to, held against the ratio that it may have at most. */
export function asRatio(
  { oursMs, theirsMs, ratio }: { oursMs: number; theirsMs: number; ratio: number },
  atMost: number,
): Measured {
  return {
    skipped: false,
    ours: `${Math.round(oursMs)} ms`,
    theirs: `${Math.round(theirsMs)} ms`,
    value: `${ratio.toFixed(2)}x`,
    used: ratio / atMost,
  };
}
