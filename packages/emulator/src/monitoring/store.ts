import type { Clock } from '../clock.ts';
import { type LogPlace, revisionResource } from '../logs/store.ts';
import type { RoutedRequest } from '../traffic/routed-request.ts';
import { addValue, type Distribution, EMPTY, type ExponentialBuckets } from './distribution.ts';
import type { SeriesLabels } from './filter.ts';

/**
 * One minute's requests to a revision that were answered with the same status. The minute ends at `endsAt`, in
 * milliseconds since 1970.
 */
export type Point = { endsAt: number; count: number; latencies: Distribution };

export type Series = Omit<SeriesLabels, 'metric'> & {
  labels: Readonly<Record<string, string>>;
  points: readonly Point[];
};

export type MetricStore = {
  record(request: RoutedRequest): void;
  /** The series that are readable by now, with their points after `from` and up to `to`, newest first. */
  series(interval: { from: number; to: number }): Series[];
};

export type MetricOptions = LogPlace & {
  clock: Clock;
  /** How long after a minute's end its points become readable. */
  delayMs: number;
  buckets: ExponentialBuckets;
};

export const MINUTE_MS = 60_000;

/**
 * Counts routed requests by minutes of the emulator's clock. A request counts when it ends, and only if it reached a
 * container. A minute without requests has no point, and a revision without requests has no series.
 */
export function createMetricStore(options: MetricOptions): MetricStore {
  const minutes = new Map<string, Map<number, Point>>();
  const kept = new Map<string, { service: string; revision: string; status: number }>();
  return {
    record({ service, revision, status, endedAt, latencyMs, reachedContainer }) {
      if (!reachedContainer) return;
      const key = `${service} ${revision} ${status}`;
      kept.set(key, { service, revision, status });
      const points = minutes.get(key) ?? new Map<number, Point>();
      minutes.set(key, points);
      const endsAt = (Math.floor(endedAt / MINUTE_MS) + 1) * MINUTE_MS;
      const point = points.get(endsAt) ?? { endsAt, count: 0, latencies: { ...EMPTY, bucketCounts: [] } };
      points.set(endsAt, point);
      point.count += 1;
      addValue(point.latencies, latencyMs, options.buckets);
    },

    series({ from, to }) {
      const readable = Math.min(to, options.clock.now() - options.delayMs);
      return [...kept].flatMap(([key, of]) => {
        const points = [...(minutes.get(key)?.values() ?? [])]
          .filter(({ endsAt }) => endsAt > from && endsAt <= readable)
          .sort((a, b) => b.endsAt - a.endsAt);
        const labels = {
          response_code: String(of.status),
          response_code_class: `${Math.floor(of.status / 100)}xx`,
        };
        return points.length === 0 ? [] : [{ resource: revisionResource(of, options), labels, points }];
      });
    },
  };
}
