import type { Tally } from './tally.ts';

/**
 * The alternatives that the evidence averages over: the candidate fails 2 times as often as stable, 5 times as often,
 * and so on.
 */
export const RATE_RATIOS = [2, 5, 15, 50, 150] as const;

/**
 * The weight of the alternative that the candidate was bad from the first step on. The alternatives that it turned bad
 * at a later step share the rest equally.
 */
const FIRST_STEP_WEIGHT = 0.75;

/**
 * A promotion's evidence about one signal. `sums` holds the sum of the minutes' log factors for each rate ratio, and
 * `starts` holds these sums as they were at the start of each step.
 */
export type SignalEvidence = {
  readonly steps: number;
  readonly sums: readonly number[];
  readonly starts: readonly (readonly number[])[];
  /** The natural logarithm of the evidence against the candidate (see `lnEvidence`); 0 says nothing either way. */
  readonly ln: number;
};

/** The evidence of a promotion with this many steps, before its first minute. The first step counts as begun. */
export function noEvidence(steps: number): SignalEvidence {
  const sums = RATE_RATIOS.map(() => 0);
  return { steps, sums, starts: [sums], ln: 0 };
}

/**
 * Begins the next step, and with it another alternative: that the candidate turned bad at this step. That alternative
 * counted as a factor of 1 until now, and it starts at 1, so the evidence does not jump.
 */
export function beginNextStep(evidence: SignalEvidence): SignalEvidence {
  return { ...evidence, starts: [...evidence.starts, evidence.sums] };
}

/**
 * Adds one minute of both revisions. A minute without failures changes nothing. If `clumpDivisor` is null, all failures
 * of a minute count as one piece of evidence.
 */
export function addMinuteEvidence(
  evidence: SignalEvidence,
  canary: Tally,
  stable: Tally,
  clumpDivisor: number | null,
): SignalEvidence {
  if (canary.failed + stable.failed === 0) return evidence;
  const phi = clumpDivisor ?? Number.POSITIVE_INFINITY;
  const sums = evidence.sums.map((sum, i) => sum + lnMinuteFactor(RATE_RATIOS[i] ?? 1, canary, stable, phi));
  return { ...evidence, sums, ln: lnEvidence(sums, evidence) };
}

/**
 * The log factor l of one minute for a rate ratio theta. In this minute, k and m are the failures of candidate and
 * stable, and n and r their requests; x = k + m, s = n/(n + r) and f = k/x. phi is the clump divisor:
 *
 *     x = 0:        l = 0
 *     x <= 2 phi:   l = ln(1 + (theta-1) f) - ln(1 + (theta-1) s)          the minute is one piece of evidence
 *     x >  2 phi:   l = (k ln theta - x ln(1 + (theta-1) s)) / phi         counts, divided by phi
 *
 * If the candidate is never worse than stable, the factor's mean, given x, is at most 1. The first form bets on a
 * bounded mean (Waudby-Smith & Ramdas, arXiv 2010.09686). The second asks of each failure which revision it hit (Lindon
 * & Malek 2022, arXiv 2011.03567, with Hoeffding 1963 for requests that are drawn without replacement).
 */
export function lnMinuteFactor(
  theta: number,
  { failed: k, requests: n }: Tally,
  { failed: m, requests: r }: Tally,
  phi: number,
): number {
  const x = k + m;
  if (x === 0 || n + r === 0) return 0;
  const expected = Math.log1p(((theta - 1) * n) / (n + r));
  if (x <= 2 * phi) return Math.log1p(((theta - 1) * k) / x) - expected;
  return (k * Math.log(theta) - x * expected) / phi;
}

/**
 * The logarithm of
 *
 *     E = sum over steps j of v_j * mean over theta of exp(S_theta - S_theta(start of j))
 *
 * S_theta is the sum of the log factors so far. A step that has not begun counts as 1. v_1 = 0.75, and the other steps
 * share the rest equally (one step: v_1 = 1).
 *
 * An average of e-values is an e-value (Vovk & Wang 2021), so by Ville's inequality P(E ever reaches 1/a) <= a for a
 * good candidate, however often you check.
 */
function lnEvidence(sums: readonly number[], { starts, steps }: SignalEvidence): number {
  const later = steps === 1 ? 0 : (1 - FIRST_STEP_WEIGHT) / (steps - 1);
  const first = steps === 1 ? 1 : FIRST_STEP_WEIGHT;
  const terms: number[] = [];
  starts.forEach((start, j) => {
    const lnWeight = Math.log((j === 0 ? first : later) / sums.length);
    sums.forEach((sum, i) => {
      terms.push(lnWeight + sum - (start[i] ?? 0));
    });
  });
  const notBegun = steps - starts.length;
  if (notBegun > 0) terms.push(Math.log(later * notBegun));
  return lnSumOfExp(terms);
}

/** ln(sum of exp), without overflowing. */
function lnSumOfExp(terms: readonly number[]): number {
  const largest = terms.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
}
