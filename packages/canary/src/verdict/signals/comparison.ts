import { clumpDivisor } from '../../statistics/clump-divisor.ts';
import {
  addMinuteEvidence,
  beginNextStep,
  noEvidence,
  type SignalEvidence,
} from '../../statistics/evidence.ts';
import { noRequests, sumTallies, type Tally } from '../../statistics/tally.ts';

/**
 * The comparison of one kind of failure between candidate and stable, minute by minute through the whole promotion. It
 * is plain data that can be stored and read back.
 */
export type Comparison = {
  /** Whether any minute had figures for this kind of failure. */
  readonly isMeasured: boolean;
  /** How many failures count as one piece of evidence; null if all failures of a minute count as one. */
  readonly clumpDivisor: number | null;
  readonly evidence: SignalEvidence;
  /**
   * The tallies of candidate and stable in this step so far. At 100 %, `stable` is the tally of the earlier minutes
   * with which the candidate's minutes were paired.
   */
  readonly canary: Tally;
  readonly stable: Tally;
  /** The tally of both revisions together in the previous step. */
  readonly stepBefore: Tally;
  /** Stable's minutes before the promotion. */
  readonly history: readonly Tally[];
  /**
   * Stable's minutes of this step. At 100 %, where stable has no traffic, its minutes of the step before. They are kept
   * only if there is no history, to be paired with the candidate's minutes at 100 %.
   */
  readonly stableMinutes: readonly Tally[];
  /** At 100 %: stable's minutes, in the order in which they are paired with the candidate's. */
  readonly pairs: readonly Tally[];
};

/**
 * The comparison at the beginning of a promotion, without any minute yet. With `clumpsFromHistory`, the history tells
 * how many failures count as one piece of evidence. Without it, all failures of a minute count as one.
 */
export function beginComparison(
  { steps, windowMinutes }: { steps: readonly number[]; windowMinutes: number },
  history: readonly Tally[],
  { clumpsFromHistory }: { clumpsFromHistory: boolean },
): Comparison {
  return {
    isMeasured: false,
    clumpDivisor: clumpsFromHistory ? clumpDivisor(history) : null,
    evidence: noEvidence(steps.length),
    canary: noRequests,
    stable: noRequests,
    stepBefore: noRequests,
    history,
    stableMinutes: [],
    pairs: steps[0] === 100 ? pairsAt100(history, [], windowMinutes) : [],
  };
}

/** The step that begins. `stepsAhead` is 1 for the very next step, and more if the steps between got no minutes. */
export type StepToBegin = {
  readonly percent: number;
  readonly windowMinutes: number;
  readonly stepsAhead: number;
};

/**
 * Begins the next step. At 100 %, stable has no traffic, so the candidate's minutes are paired with earlier minutes of
 * stable, each of which is used only once. Minute i of the candidate is paired with minutes g(i-1)+1 to g·i of the
 * history, where g = floor(minutes of history / window minutes), at least 1. Without a history, minute i is paired with
 * stable's minute i of the previous step.
 */
export function beginComparisonStep(
  comparison: Comparison,
  { percent, windowMinutes, stepsAhead }: StepToBegin,
): Comparison {
  const { canary, stable, history, stableMinutes } = comparison;
  const watched = sumTallies(canary, stable);
  return {
    ...comparison,
    evidence: Array.from({ length: stepsAhead }).reduce<SignalEvidence>(beginNextStep, comparison.evidence),
    canary: noRequests,
    stable: noRequests,
    stepBefore: watched.requests > 0 ? watched : comparison.stepBefore,
    stableMinutes: percent === 100 ? stableMinutes : [],
    pairs: percent === 100 ? pairsAt100(history, stableMinutes, windowMinutes) : [],
  };
}

function pairsAt100(
  history: readonly Tally[],
  stableMinutes: readonly Tally[],
  windowMinutes: number,
): readonly Tally[] {
  if (history.length === 0) return stableMinutes;
  const size = Math.max(1, Math.floor(history.length / windowMinutes));
  return Array.from({ length: Math.floor(history.length / size) }, (_, i) =>
    history.slice(i * size, (i + 1) * size).reduce(sumTallies),
  );
}

/** The position of a minute in its step. */
export type MinutePlace = { readonly percent: number; readonly minuteOfStep: number };

/** Adds one minute. If only one revision has figures, the minute is left out, because there is nothing to compare. */
export function addComparisonMinute(
  comparison: Comparison,
  canary: Tally | undefined,
  stableNow: Tally | undefined,
  { percent, minuteOfStep }: MinutePlace,
): Comparison {
  const isAt100 = percent === 100;
  if (canary === undefined || (stableNow === undefined && !isAt100)) return comparison;
  // Once all pairs are used, there is nothing left to compare with, so the evidence no longer changes.
  const stable = isAt100 ? comparison.pairs[minuteOfStep - 1] : stableNow;
  const { evidence, history, stableMinutes } = comparison;
  return {
    ...comparison,
    isMeasured: true,
    evidence:
      stable === undefined ? evidence : addMinuteEvidence(evidence, canary, stable, comparison.clumpDivisor),
    canary: sumTallies(comparison.canary, canary),
    stable: stable === undefined ? comparison.stable : sumTallies(comparison.stable, stable),
    stableMinutes:
      isAt100 || history.length > 0 || stable === undefined ? stableMinutes : [...stableMinutes, stable],
  };
}
