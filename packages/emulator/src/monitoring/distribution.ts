/**
 * Exponential buckets with the bounds `scale * growthFactor^i`. One more bucket is below the first bound, and one above
 * the last.
 */
export type ExponentialBuckets = { numFiniteBuckets: number; growthFactor: number; scale: number };

/** A distribution of values over buckets (google/api/distribution.proto). */
export type Distribution = { count: number; sum: number; sumOfSquares: number; bucketCounts: number[] };

export const EMPTY: Distribution = { count: 0, sum: 0, sumOfSquares: 0, bucketCounts: [] };

/** The bucket of a value. Bucket 0 is below the first bound; a value at a bound belongs to the bucket above it. */
function bucketOf(value: number, { numFiniteBuckets, growthFactor, scale }: ExponentialBuckets): number {
  if (value < scale) return 0;
  const index = 1 + Math.floor(Math.log(value / scale) / Math.log(growthFactor) + 1e-9);
  return Math.min(index, numFiniteBuckets + 1);
}

export function addValue(to: Distribution, value: number, buckets: ExponentialBuckets): void {
  const bucket = bucketOf(value, buckets);
  to.count += 1;
  to.sum += value;
  to.sumOfSquares += value * value;
  to.bucketCounts[bucket] = (to.bucketCounts[bucket] ?? 0) + 1;
}

export function merge(one: Distribution, other: Distribution): Distribution {
  const length = Math.max(one.bucketCounts.length, other.bucketCounts.length);
  return {
    count: one.count + other.count,
    sum: one.sum + other.sum,
    sumOfSquares: one.sumOfSquares + other.sumOfSquares,
    bucketCounts: Array.from({ length }, (_, i) => (one.bucketCounts[i] ?? 0) + (other.bucketCounts[i] ?? 0)),
  };
}

/** Estimates a percentile by linear interpolation within the bucket, as Monitoring does. `share` is from 0 to 1. */
export function percentile(of: Distribution, share: number, buckets: ExponentialBuckets): number {
  const wanted = of.count * share;
  let below = 0;
  for (const [i, count = 0] of of.bucketCounts.entries()) {
    if (count > 0 && below + count >= wanted) {
      const lower = i === 0 ? 0 : boundOf(i - 1, buckets);
      const upper = boundOf(Math.min(i, buckets.numFiniteBuckets), buckets);
      return lower + (upper - lower) * ((wanted - below) / count);
    }
    below += count;
  }
  return 0;
}

/** The distribution in proto3 JSON, where 64-bit numbers are strings. Empty buckets at the end are left out. */
export function distributionJson(value: Distribution, exponentialBuckets: ExponentialBuckets) {
  const mean = value.count === 0 ? 0 : value.sum / value.count;
  return {
    count: String(value.count),
    mean,
    sumOfSquaredDeviation: Math.max(0, value.sumOfSquares - value.count * mean * mean),
    bucketOptions: { exponentialBuckets },
    bucketCounts: Array.from(value.bucketCounts, (count = 0) => String(count)),
  };
}

function boundOf(i: number, { growthFactor, scale }: ExponentialBuckets): number {
  return scale * growthFactor ** i;
}
