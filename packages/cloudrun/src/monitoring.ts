import type { CallSubject } from './google/cloud-error.ts';
import type { Connection } from './google/connection.ts';
import { googleRest } from './google/rest.ts';
import type { ServiceLocation } from './service-location.ts';

/** A read of the raw points of one metric that end after `from`, at the latest at `to`. */
export type SeriesQuery = { filter: string; from: Date; to: Date };

export type SeriesAnswer<T> = {
  /** As the API sends them, without aggregation. A series without points is absent. */
  series: readonly T[];
  /** The platform's time of the first answer; this machine's where it was not told. */
  answeredAt: Date;
};

export type MonitoringApi = {
  /** All pages of the series that a filter finds. Throws a CloudError when it fails. */
  timeSeries<T>(query: SeriesQuery): Promise<SeriesAnswer<T>>;
  /** What the descriptor of a metric says. Throws a CloudError when it cannot be read. */
  describe(metricType: string): Promise<MetricDescription>;
};

export type MetricDescription = {
  /** How old a point must be, in milliseconds, to be certainly readable; undefined when it does not say. */
  ingestDelayMs: number | undefined;
  answeredAt: Date;
};

const HOST = 'monitoring.googleapis.com';
const TIMEOUT_MS = 20_000;

/** Opens Cloud Monitoring for one project: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list */
export async function openMonitoringApi(
  connection: Connection,
  location: ServiceLocation,
): Promise<MonitoringApi> {
  const rest = googleRest(connection);
  const subject: CallSubject = { doing: `reading the metrics of ${location.service}`, location };
  const project = `/v3/projects/${location.project}`;
  return {
    async timeSeries<T>({ filter, from, to }: SeriesQuery) {
      const series: T[] = [];
      let answeredAt: Date | undefined;
      let pageToken: string | undefined;
      do {
        const page = await rest.repeatable<{ timeSeries?: T[]; nextPageToken?: string }>(subject, {
          host: HOST,
          path: `${project}/timeSeries`,
          query: {
            filter,
            'interval.startTime': from.toISOString(),
            'interval.endTime': to.toISOString(),
            view: 'FULL',
            pageToken,
          },
          timeoutMs: TIMEOUT_MS,
          patience: 'a poll',
          onDate: (date) => {
            answeredAt ??= date;
          },
        });
        series.push(...(page.timeSeries ?? []));
        pageToken = page.nextPageToken || undefined;
      } while (pageToken !== undefined);
      return { series, answeredAt: answeredAt ?? new Date() };
    },

    async describe(metricType) {
      let answeredAt = new Date();
      const { metadata } = await rest.repeatable<{ metadata?: { ingestDelay?: string } }>(subject, {
        host: HOST,
        path: `${project}/metricDescriptors/${metricType}`,
        timeoutMs: TIMEOUT_MS,
        onDate: (date) => {
          answeredAt = date;
        },
      });
      // A duration in JSON: seconds with an `s`.
      const [, seconds] = /^(\d+(?:\.\d+)?)s$/.exec(metadata?.ingestDelay ?? '') ?? [];
      return { ingestDelayMs: seconds === undefined ? undefined : Number(seconds) * 1000, answeredAt };
    },
  };
}
