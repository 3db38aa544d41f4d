import { betaQuantile } from './beta.ts';
import type { Tally } from './tally.ts';

/**
 * The rate that the true one is below, 95 % sure, when k of n requests failed and failures come singly: the Clopper-Pearson
 * bound, Beta(k+1, n-k) quantile 0.95. 1 when nothing was seen.
 */
export function upperRateBound({ failed, requests }: Tally): number {
  return failed >= requests ? 1 : betaQuantile(0.95, failed + 1, requests - failed);
}

/**
 * The rate that the true one is above, 95 % sure, when failures come in clumps of `clumpDivisor`:
 * Beta(k/phi, n/phi - k/phi + 1) quantile 0.05, and 0 without a failure.
 */
export function lowerRateBound({ failed, requests }: Tally, clumpDivisor: number): number {
  if (failed === 0) return 0;
  const k = failed / clumpDivisor;
  return betaQuantile(0.05, k, requests / clumpDivisor - k + 1);
}
