import type { LatencyHistogram } from '../verdict/observation.ts';
import type { Tally } from './tally.ts';

/** The latency above which a request counts as slow, and the p95 that it is based on. */
export type LatencyThreshold = { readonly ms: number; readonly p95Ms: number };

/**
 * Adds histograms. If their bounds differ, the result has only the bounds that all of them share, so it is exact and
 * nothing is interpolated. Undefined without requests.
 */
export function mergeHistograms(histograms: readonly LatencyHistogram[]): LatencyHistogram | undefined {
  const filled = histograms.filter(({ counts }) => counts.some((count) => count > 0));
  const [first, ...rest] = filled;
  if (first === undefined) return undefined;
  const others = rest.filter((each) => !isSameList(each.boundsMs, first.boundsMs));
  const boundsMs = first.boundsMs.filter((bound) => others.every((each) => each.boundsMs.includes(bound)));
  const counts = new Array<number>(boundsMs.length + 1).fill(0);
  for (const histogram of filled) {
    let place = 0;
    histogram.counts.forEach((count, i) => {
      // This bucket ends above the bound at `place`, so its requests count towards a later bound.
      while (place < boundsMs.length && (histogram.boundsMs[i] ?? Infinity) > (boundsMs[place] ?? Infinity))
        place++;
      counts[place] = (counts[place] ?? 0) + count;
    });
  }
  return { boundsMs, counts };
}

/**
 * The 95th percentile in milliseconds, interpolated linearly within its bucket (the first bucket starts at 0). Infinite
 * when it is above the last bound; undefined without requests.
 */
export function p95({ boundsMs, counts }: LatencyHistogram): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = 0.95 * total;
  let below = 0;
  for (const [i, count] of counts.entries()) {
    if (count > 0 && below + count >= rank) {
      const [from, to] = [boundsMs[i - 1] ?? 0, boundsMs[i]];
      return to === undefined ? Infinity : from + ((rank - below) / count) * (to - from);
    }
    below += count;
  }
  return Infinity;
}

/**
 * The first bucket bound at or above both p95 x (1 + increase) and p95 + floor. Undefined when no bound is that high:
 * these buckets then cannot show which requests were slow.
 */
export function latencyThreshold(
  histogram: LatencyHistogram,
  { maxP95IncreasePercent, p95FloorMs }: { maxP95IncreasePercent: number; p95FloorMs: number },
): LatencyThreshold | undefined {
  const p95Ms = p95(histogram);
  if (p95Ms === undefined) return undefined;
  const least = Math.max((p95Ms * (100 + maxP95IncreasePercent)) / 100, p95Ms + p95FloorMs);
  const ms = histogram.boundsMs.find((bound) => bound >= least);
  return ms === undefined ? undefined : { ms, p95Ms };
}

/** How many requests took longer than a bound; undefined when these buckets do not have that bound. */
export function slowerThan({ boundsMs, counts }: LatencyHistogram, ms: number): Tally | undefined {
  const at = boundsMs.indexOf(ms);
  if (at === -1) return undefined;
  let failed = 0;
  let requests = 0;
  counts.forEach((count, i) => {
    requests += count;
    if (i > at) failed += count;
  });
  return { failed, requests };
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((value, i) => value === b[i]));
}
