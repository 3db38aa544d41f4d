import type { MonitoringApi } from '@deploy/cloudrun';
import type { ObservationQuery, ObservationSource } from '../observations/source.ts';
import { observeMetrics, type RawMetrics, type RawTimeSeries } from './metrics.ts';
import type { PlatformClock } from './platform-clock.ts';
import { historyIn, historyQuery, metricFilter, type QueriedService } from './queries.ts';
import { orUnreadable } from './unreadable.ts';

/** Reads observations from the raw points of a service's metrics, once the points are old enough to be complete. */
export function openMetricSource(
  api: MonitoringApi,
  service: QueriedService,
  clock: PlatformClock,
  { delayMs }: { readonly delayMs: number },
): ObservationSource {
  const readMetrics = async (query: ObservationQuery): Promise<{ metrics: RawMetrics; readAt: Date }> => {
    const { from, to } = query;
    const [counts, latencies] = await Promise.all(
      (['request_count', 'request_latencies'] as const).map((metric) =>
        api.timeSeries<RawTimeSeries>({ filter: metricFilter(metric, service, query), from, to }),
      ),
    );
    const answeredAt = [counts, latencies].map((each) => each?.answeredAt.getTime() ?? Date.now());
    const readAt = new Date(Math.min(...answeredAt));
    clock.hear(readAt);
    return {
      metrics: { requestCount: counts?.series ?? [], requestLatencies: latencies?.series ?? [] },
      readAt,
    };
  };

  return {
    name: 'monitoring',
    delayMs,
    now: clock.now,

    read: (query) =>
      orUnreadable(async () => {
        const { metrics, readAt } = await readMetrics(query);
        return observeMetrics(metrics, query, { now: readAt, delayMs });
      }),

    readHistory: (history) =>
      orUnreadable(async () => {
        const query = historyQuery(history);
        const { metrics, readAt } = await readMetrics(query);
        return historyIn(observeMetrics(metrics, query, { now: readAt, delayMs }));
      }),
  };
}
