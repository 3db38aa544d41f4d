import { invalidArgument } from '../protocol/errors.ts';
import { type Distribution, type ExponentialBuckets, merge, percentile } from './distribution.ts';
import { labelReader } from './filter.ts';
import type { MetricType } from './metrics.ts';
import { MINUTE_MS, type Point, type Series } from './store.ts';

// Enums of google.monitoring.v3.Aggregation (google/monitoring/v3/common.proto). Some clients send the numbers.
const ALIGNERS: Readonly<Record<string, string>> = {
  0: 'ALIGN_NONE',
  1: 'ALIGN_DELTA',
  2: 'ALIGN_RATE',
  12: 'ALIGN_MEAN',
  14: 'ALIGN_SUM',
  18: 'ALIGN_PERCENTILE_99',
  19: 'ALIGN_PERCENTILE_95',
  20: 'ALIGN_PERCENTILE_50',
  21: 'ALIGN_PERCENTILE_05',
};
const REDUCERS: Readonly<Record<string, string>> = {
  0: 'REDUCE_NONE',
  1: 'REDUCE_MEAN',
  2: 'REDUCE_MIN',
  3: 'REDUCE_MAX',
  4: 'REDUCE_SUM',
  6: 'REDUCE_COUNT',
  9: 'REDUCE_PERCENTILE_99',
  10: 'REDUCE_PERCENTILE_95',
  11: 'REDUCE_PERCENTILE_50',
  12: 'REDUCE_PERCENTILE_05',
};
const PERCENTILES: Readonly<Record<string, number>> = {
  PERCENTILE_99: 0.99,
  PERCENTILE_95: 0.95,
  PERCENTILE_50: 0.5,
  PERCENTILE_05: 0.05,
};

export type Value =
  | { kind: 'count'; value: number }
  | { kind: 'number'; value: number }
  | { kind: 'distribution'; value: Distribution };

export type ValuePoint = { startsAt: number; endsAt: number; value: Value };

export type ValueSeries = {
  resource: Series['resource'];
  labels: Series['labels'];
  /** Newest first. */
  points: readonly ValuePoint[];
};

export type Aggregation = {
  aligner: string;
  reducer: string;
  periodMs: number;
  groupBy: readonly string[];
};

/** Reads `aggregation.*` from a request's query. Throws a 400 for what the API or this emulator does not support. */
export function aggregationOf(query: URLSearchParams): Aggregation {
  const aligner = named(ALIGNERS, query.get('aggregation.perSeriesAligner') ?? 'ALIGN_NONE');
  const reducer = named(REDUCERS, query.get('aggregation.crossSeriesReducer') ?? 'REDUCE_NONE');
  const period = query.get('aggregation.alignmentPeriod');
  const [, seconds] = /^(\d+(?:\.\d+)?)s$/.exec(period ?? '') ?? [];
  const periodMs = Number(seconds ?? 0) * 1000;
  if (aligner !== 'ALIGN_NONE' && periodMs < MINUTE_MS) {
    throw invalidArgument('aggregation.alignmentPeriod must be at least 60 seconds.');
  }
  if (reducer !== 'REDUCE_NONE' && aligner === 'ALIGN_NONE') {
    throw invalidArgument('aggregation.perSeriesAligner must be given with a crossSeriesReducer.');
  }
  return { aligner, reducer, periodMs, groupBy: query.getAll('aggregation.groupByFields') };
}

/**
 * Aligns each series by itself, then reduces each group of series to one. The alignment periods are counted back from
 * the interval's end.
 */
export function aggregate(
  series: readonly Series[],
  type: MetricType,
  { to, aggregation, buckets }: { to: number; aggregation: Aggregation; buckets: ExponentialBuckets },
): ValueSeries[] {
  const aligned = series.map((each) => ({
    resource: each.resource,
    labels: each.labels,
    points: align(each.points.map(raw(type)), aggregation, { to, buckets }),
  }));
  return aggregation.reducer === 'REDUCE_NONE' ? aligned : reduce(aligned, type, aggregation, buckets);
}

function raw(type: MetricType): (point: Point) => ValuePoint {
  return ({ endsAt, count, latencies }) => ({
    startsAt: endsAt - MINUTE_MS,
    endsAt,
    value:
      type === 'run.googleapis.com/request_count'
        ? { kind: 'count', value: count }
        : { kind: 'distribution', value: latencies },
  });
}

function align(
  points: readonly ValuePoint[],
  { aligner, periodMs }: Aggregation,
  { to, buckets }: { to: number; buckets: ExponentialBuckets },
): ValuePoint[] {
  if (aligner === 'ALIGN_NONE') return [...points];
  const periods = Map.groupBy(points, ({ endsAt }) => Math.floor((to - endsAt) / periodMs));
  return [...periods].map(([i, within]) => {
    const endsAt = to - i * periodMs;
    const startsAt = endsAt - periodMs;
    const sum = added(within.map(({ value }) => value));
    return { startsAt, endsAt, value: alignedValue(sum, aligner, { periodMs, buckets }) };
  });
}

function alignedValue(
  sum: Value,
  aligner: string,
  { periodMs, buckets }: { periodMs: number; buckets: ExponentialBuckets },
): Value {
  const share = PERCENTILES[aligner.slice('ALIGN_'.length)];
  if (share !== undefined && sum.kind === 'distribution') {
    return { kind: 'number', value: percentile(sum.value, share, buckets) };
  }
  if (aligner === 'ALIGN_MEAN' && sum.kind === 'distribution') {
    return { kind: 'number', value: sum.value.sum / sum.value.count };
  }
  if (aligner === 'ALIGN_DELTA' || aligner === 'ALIGN_SUM') return sum;
  if (aligner === 'ALIGN_RATE' && sum.kind !== 'distribution') {
    return { kind: 'number', value: sum.value / (periodMs / 1000) };
  }
  throw invalidArgument(`The aligner ${aligner} cannot be applied to this metric.`);
}

function reduce(
  series: readonly ValueSeries[],
  type: MetricType,
  { reducer, groupBy }: Aggregation,
  buckets: ExponentialBuckets,
): ValueSeries[] {
  const keys = groupBy.map((field) => ({ field, value: labelReader(field) }));
  const groups = Map.groupBy(series, ({ resource, labels }) =>
    JSON.stringify(keys.map(({ value }) => value({ resource, metric: { type, labels } }))),
  );
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const moments = Map.groupBy(
      members.flatMap(({ points }) => points),
      ({ endsAt }) => endsAt,
    );
    const points = [...moments.values()]
      .flatMap((at) => {
        const [any] = at;
        return any === undefined
          ? []
          : [
              {
                ...any,
                value: reduced(
                  at.map(({ value }) => value),
                  reducer,
                  buckets,
                ),
              },
            ];
      })
      .sort((a, b) => b.endsAt - a.endsAt);
    const keptLabels = (owner: 'metric' | 'resource', labels: Readonly<Record<string, string>>) =>
      Object.fromEntries(
        Object.entries(labels).filter(([name]) =>
          groupBy.some((field) => [`${owner}.labels.${name}`, `${owner}.label.${name}`].includes(field)),
        ),
      );
    const resource = { type: first.resource.type, labels: keptLabels('resource', first.resource.labels) };
    return [{ resource, labels: keptLabels('metric', first.labels), points }];
  });
}

function reduced(values: readonly Value[], reducer: string, buckets: ExponentialBuckets): Value {
  const share = PERCENTILES[reducer.slice('REDUCE_'.length)];
  const sum = added(values);
  if (reducer === 'REDUCE_COUNT') return { kind: 'count', value: values.length };
  if (reducer === 'REDUCE_SUM') return sum;
  if (sum.kind === 'distribution') {
    if (share !== undefined) return { kind: 'number', value: percentile(sum.value, share, buckets) };
    throw invalidArgument(`The reducer ${reducer} cannot be applied to this metric.`);
  }
  const numbers = values.flatMap(({ kind, value }) => (kind === 'distribution' ? [] : [value]));
  if (share !== undefined) {
    const sorted = numbers.toSorted((a, b) => a - b);
    return { kind: 'number', value: sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0 };
  }
  if (reducer === 'REDUCE_MEAN') return { kind: 'number', value: sum.value / numbers.length };
  return { kind: sum.kind, value: reducer === 'REDUCE_MIN' ? Math.min(...numbers) : Math.max(...numbers) };
}

function added(values: readonly Value[]): Value {
  return values.reduce((one, other): Value => {
    if (one.kind === 'distribution' && other.kind === 'distribution') {
      return { kind: 'distribution', value: merge(one.value, other.value) };
    }
    if (one.kind !== 'distribution' && other.kind !== 'distribution') {
      return { kind: one.kind, value: one.value + other.value };
    }
    throw new Error('values of two kinds in one metric');
  });
}

function named(names: Readonly<Record<string, string>>, given: string): string {
  const name = names[given] ?? given;
  if (Object.values(names).includes(name)) return name;
  throw invalidArgument(`Aggregation by '${given}' is not known here.`);
}
