import type { Tally } from './tally.ts';

/** Assume one more clump of this many failures, because the history may be too short or too quiet to contain one. */
const ASSUMED_CLUMP = 10;

/**
 * How many failures count as one piece of evidence. This is computed from stable's minutes before the promotion, as the
 * variance of their failures divided by the mean, but at least 1:
 *
 *     V   = sum (x_i - n_i p)^2 * T/(T-1)      (0 when T < 2), p = X/N
 *     phi = max(1, (V + C^2) / (X + C)),       C = 10
 *
 * where minute i of T has x_i failures among n_i requests, and X and N are their sums
 * (quasi-Poisson dispersion, McCullagh & Nelder, Generalized Linear Models; "+ C" is this project's own). The
 * result is 10 if there is no history, or no failure in it.
 */
export function clumpDivisor(history: readonly Tally[]): number {
  let failed = 0;
  let requests = 0;
  for (const minute of history) {
    failed += minute.failed;
    requests += minute.requests;
  }
  const rate = requests === 0 ? 0 : failed / requests;
  let squares = 0;
  for (const minute of history) squares += (minute.failed - minute.requests * rate) ** 2;
  const minutes = history.length;
  const variance = minutes < 2 ? 0 : (squares * minutes) / (minutes - 1);
  return Math.max(1, (variance + ASSUMED_CLUMP ** 2) / (failed + ASSUMED_CLUMP));
}
