import type { ObservationQuery, ReadMinutes } from '../observations/source.ts';
import { mergeHistograms } from '../statistics/latency-histogram.ts';
import type { LatencyHistogram, Observation } from '../verdict/observation.ts';
import { type Arrival, minuteOf, sortIntoMinutes } from './minutes.ts';

/** Cloud Monitoring's JSON writes 64-bit numbers as strings. */
type Int64 = string | number;

/** Buckets of a distribution (google.api.Distribution), as JSON. */
type RawDistribution = {
  readonly count?: Int64;
  readonly bucketOptions?: {
    readonly linearBuckets?: {
      readonly numFiniteBuckets?: number;
      readonly width?: number;
      readonly offset?: number;
    };
    readonly exponentialBuckets?: {
      readonly numFiniteBuckets?: number;
      readonly growthFactor?: number;
      readonly scale?: number;
    };
    readonly explicitBuckets?: { readonly bounds?: readonly number[] };
  };
  /** One count per bucket. The API leaves out the zeros at the end. */
  readonly bucketCounts?: readonly Int64[];
};

/** A series as `timeSeries.list` returns it when no aggregation is asked for: the newest points come first. */
export type RawTimeSeries = {
  readonly metric?: { readonly labels?: Readonly<Record<string, string>> };
  readonly resource?: { readonly labels?: Readonly<Record<string, string>> };
  readonly points?: readonly {
    readonly interval?: { readonly startTime?: string; readonly endTime?: string };
    readonly value?: { readonly int64Value?: Int64; readonly distributionValue?: RawDistribution };
  }[];
};

/** The two metrics: `run.googleapis.com/request_count` and `run.googleapis.com/request_latencies`. */
export type RawMetrics = {
  readonly requestCount: Iterable<RawTimeSeries>;
  readonly requestLatencies: Iterable<RawTimeSeries>;
};

type Seen = { requests: number; errors: number; latencies: LatencyHistogram[] };

/**
 * Turns a service's metrics into minutes of two revisions. The minutes lack sign-ins and sync tokens: these are
 * recognised by their paths, and metrics have no paths.
 *
 * Points are added up here, across response codes. If Cloud Monitoring aligned them instead, it would invent figures
 * for minutes that have no points.
 *
 * A missing series means no requests, but only in minutes older than the metrics' delay. Newer minutes are left out:
 * their series arrive one at a time, so a revision's errors could show up before its successes.
 */
export function observeMetrics(
  { requestCount, requestLatencies }: RawMetrics,
  query: ObservationQuery,
  arrival: Arrival,
): ReadMinutes {
  const seen = new Map<string, Seen>();
  for (const { place, code, value } of pointsOf(requestCount)) {
    const minute = at(place);
    const count = Number(value.int64Value ?? 0);
    minute.requests += count;
    if (code.startsWith('5')) minute.errors += count;
  }
  for (const { place, value } of pointsOf(requestLatencies)) {
    const histogram = value.distributionValue && histogramOf(value.distributionValue);
    if (histogram !== undefined) at(place).latencies.push(histogram);
  }
  const { state, closed } = sortIntoMinutes(query, arrival, (revision, start): Observation => {
    const { requests, errors, latencies } = seen.get(`${revision} ${start}`) ?? nothing();
    const latency = mergeHistograms(latencies);
    return { requests, errors, ...(latency === undefined ? {} : { latency }) };
  });
  return { state, closed, open: [] };

  function at(place: string): Seen {
    const found = seen.get(place) ?? nothing();
    seen.set(place, found);
    return found;
  }
}

type Point = {
  place: string;
  code: string;
  value: NonNullable<NonNullable<RawTimeSeries['points']>[number]['value']>;
};

function* pointsOf(series: Iterable<RawTimeSeries>): Generator<Point> {
  for (const { metric, resource, points = [] } of series) {
    const revision = resource?.labels?.revision_name;
    // A point without a response code may still name the code's class, such as `5xx`.
    const code = metric?.labels?.response_code ?? metric?.labels?.response_code_class ?? '';
    for (const { interval, value } of points) {
      // A point counts the requests of the minute before its end time, which is the first moment of the next minute.
      const end = Date.parse(interval?.endTime ?? '');
      if (revision === undefined || Number.isNaN(end) || value === undefined) continue;
      yield { place: `${revision} ${minuteOf(end - 1)}`, code, value };
    }
  }
}

/**
 * A distribution's buckets as a histogram; undefined when it has none. The first bucket is for values below the first
 * bound, the last one for values above the last bound (google.api.Distribution.BucketOptions). Latencies are above 0,
 * so buckets that end at or below 0 are merged into the first one above it.
 */
export function histogramOf({
  bucketOptions,
  bucketCounts = [],
}: RawDistribution): LatencyHistogram | undefined {
  const bounds = boundsOf(bucketOptions);
  if (bounds.length === 0) return undefined;
  const counts = [...bounds, Infinity].map((_, i) => Number(bucketCounts[i] ?? 0));
  const positive = bounds.filter((bound) => bound > 0);
  const dropped = bounds.length - positive.length;
  const first = counts.slice(0, dropped + 1).reduce((sum, count) => sum + count, 0);
  return { boundsMs: positive, counts: [first, ...counts.slice(dropped + 1)] };
}

function boundsOf(options: RawDistribution['bucketOptions']): readonly number[] {
  const { linearBuckets: linear, exponentialBuckets: exponential, explicitBuckets: explicit } = options ?? {};
  if (exponential !== undefined) {
    const { numFiniteBuckets = 0, growthFactor = 1, scale = 0 } = exponential;
    return Array.from({ length: numFiniteBuckets + 1 }, (_, i) => scale * growthFactor ** i);
  }
  if (linear !== undefined) {
    const { numFiniteBuckets = 0, width = 0, offset = 0 } = linear;
    return Array.from({ length: numFiniteBuckets + 1 }, (_, i) => offset + width * i);
  }
  return explicit?.bounds ?? [];
}

function nothing(): Seen {
  return { requests: 0, errors: 0, latencies: [] };
}
