import type { CallSubject } from './google/cloud-error.ts';
import type { Connection } from './google/connection.ts';
import { googleRest } from './google/rest.ts';
import type { ServiceLocation } from './service-location.ts';

/** A query for one metric's raw points, those that end after `from` and not later than `to`. */
export type SeriesQuery = { filter: string; from: Date; to: Date };

export type SeriesAnswer<T> = {
  /** The series as the API sends them, without aggregation. Series without points are left out. */
  series: readonly T[];
  /** The time of the first answer by the platform's clock, or by this machine's clock if the answer has no date. */
  answeredAt: Date;
};

export type MonitoringApi = {
  /** Reads all pages of the series that match a filter. Throws a CloudError. */
  timeSeries<T>(query: SeriesQuery): Promise<SeriesAnswer<T>>;
  /** Reads a metric's descriptor. Throws a CloudError. */
  describe(metricType: string): Promise<MetricDescription>;
};

export type MetricDescription = {
  /**
   * How old a point must be, in milliseconds, before it is certain to be readable; undefined when the descriptor does
   * not say.
   */
  ingestDelayMs: number | undefined;
  answeredAt: Date;
};

const HOST = 'monitoring.googleapis.com';
const TIMEOUT_MS = 20_000;

/**
 * Opens Cloud Monitoring for one project:
 * https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list
 */
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
      // A duration in JSON: a number of seconds followed by `s`.
      const [, seconds] = /^(\d+(?:\.\d+)?)s$/.exec(metadata?.ingestDelay ?? '') ?? [];
      return { ingestDelayMs: seconds === undefined ? undefined : Number(seconds) * 1000, answeredAt };
    },
  };
}
