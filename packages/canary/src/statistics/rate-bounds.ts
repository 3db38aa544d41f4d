import { betaQuantile } from './beta.ts';
import type { Tally } from './tally.ts';

/**
 * An upper bound for the true rate, with 95 % confidence, if k of n requests failed independently of each other: the
 * Clopper-Pearson bound, Beta(k+1, n-k) quantile 0.95. It is 1 without requests.
 */
export function upperRateBound({ failed, requests }: Tally): number {
  return failed >= requests ? 1 : betaQuantile(0.95, failed + 1, requests - failed);
}

/**
 * A lower bound for the true rate, with 95 % confidence, if failures come in clumps of `clumpDivisor` (phi):
 * Beta(k/phi, n/phi - k/phi + 1) quantile 0.05. It is 0 without failures.
 */
export function lowerRateBound({ failed, requests }: Tally, clumpDivisor: number): number {
  if (failed === 0) return 0;
  const k = failed / clumpDivisor;
  return betaQuantile(0.05, k, requests / clumpDivisor - k + 1);
}
