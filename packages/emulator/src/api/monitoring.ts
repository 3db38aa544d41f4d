import { aggregate, aggregationOf, type Value, type ValuePoint } from '../monitoring/aggregation.ts';
import { distributionJson, type ExponentialBuckets } from '../monitoring/distribution.ts';
import { parseSeriesFilter } from '../monitoring/filter.ts';
import { isMetricType, METRICS, type MetricType, metricDescriptor } from '../monitoring/metrics.ts';
import type { MetricStore } from '../monitoring/store.ts';
import { invalidArgument, notFound } from '../protocol/errors.ts';
import type { Guard } from './access.ts';
import { type Call, param, type Routes, wantsNumericEnums } from './call.ts';
import { pageOf } from './pages.ts';

// The largest page_size, according to ListTimeSeriesRequest in google/monitoring/v3/metric_service.proto.
const MOST_POINTS = 100_000;
// The numbers of the enums in google.api.MetricDescriptor: google/api/metric.proto.
const KIND_NUMBERS: Readonly<Record<string, number>> = { GAUGE: 1, DELTA: 2 };
const TYPE_NUMBERS: Readonly<Record<string, number>> = { INT64: 2, DOUBLE: 3, DISTRIBUTION: 5 };

export type MonitoringOptions = {
  buckets: ExponentialBuckets;
  /** The ingest delay that the metrics' descriptors state; undefined if they state none. */
  ingestDelaySeconds: number | undefined;
};

/** Cloud Monitoring's read calls, mapped to HTTP as in google/monitoring/v3/metric_service.proto. */
export function monitoringRoutes(store: MetricStore, guard: Guard, options: MonitoringOptions): Routes {
  const allow = (permission: string, call: Call): string => {
    const project = param(call, 'project');
    guard.require(permission, project, `projects/${project}`);
    return project;
  };
  return [
    {
      method: 'GET',
      path: '/v3/projects/:project/metricDescriptors/*',
      handle(call) {
        const project = allow('monitoring.metricDescriptors.get', call);
        const type = param(call, '*');
        if (!isMetricType(type)) throw notFound(`projects/${project}/metricDescriptors/${type}`);
        const descriptor = metricDescriptor(type, project, options.ingestDelaySeconds);
        return wantsNumericEnums(call) ? { ...descriptor, ...numbers(descriptor) } : descriptor;
      },
    },
    {
      method: 'GET',
      path: '/v3/projects/:project/timeSeries',
      handle(call) {
        allow('monitoring.timeSeries.list', call);
        const { query } = call;
        const { metricType, test } = parseSeriesFilter(query.get('filter') ?? '');
        if (!isMetricType(metricType)) throw notFound(`metric ${metricType}`);
        const { from, to } = intervalOf(query);
        const aggregation = aggregationOf(query);
        const matching = store
          .series({ from, to })
          .filter(({ resource, labels }) => test({ resource, metric: { type: metricType, labels } }));
        const found = aggregate(matching, metricType, { to, aggregation, buckets: options.buckets });
        const headersOnly = ['HEADERS', '1'].includes(query.get('view') ?? '');
        const size = Number(query.get('pageSize') ?? 0);
        const { items, nextPageToken } = pageOf(
          found,
          { size, token: query.get('pageToken') ?? undefined },
          MOST_POINTS,
        );
        const timeSeries = items.map(({ resource, labels, points }) => {
          const kinds = {
            metricKind: kindAfter(aggregation.aligner),
            valueType: valueTypeOf(points, metricType),
          };
          return {
            metric: { type: metricType, labels },
            resource,
            ...kinds,
            ...(wantsNumericEnums(call) && numbers(kinds)),
            ...(!headersOnly && { points: points.map((point) => pointJson(point, options.buckets)) }),
          };
        });
        return {
          ...(timeSeries.length > 0 && { timeSeries }),
          ...(nextPageToken !== undefined && { nextPageToken }),
          unit: METRICS[metricType].unit,
        };
      },
    },
  ];
}

/** The interval excludes its start and includes its end: google/monitoring/v3/common.proto, TimeInterval. */
function intervalOf(query: URLSearchParams): { from: number; to: number } {
  const time = (name: string): number | undefined => {
    const text = query.get(`interval.${name}`);
    if (text === null) return undefined;
    const at = Date.parse(text);
    if (Number.isNaN(at)) throw invalidArgument(`Field interval.${name} had an invalid value of "${text}".`);
    return at;
  };
  const to = time('endTime');
  if (to === undefined) throw invalidArgument('Field interval.endTime is required.');
  const from = time('startTime') ?? to;
  if (from > to) throw invalidArgument('Field interval.startTime must not be after interval.endTime.');
  return { from: from === to ? from - 1 : from, to };
}

function pointJson({ startsAt, endsAt, value }: ValuePoint, buckets: ExponentialBuckets) {
  return {
    interval: { startTime: new Date(startsAt).toISOString(), endTime: new Date(endsAt).toISOString() },
    value: valueJson(value, buckets),
  };
}

function valueJson(value: Value, buckets: ExponentialBuckets): object {
  switch (value.kind) {
    case 'count':
      return { int64Value: String(value.value) };
    case 'number':
      return { doubleValue: value.value };
    case 'distribution':
      return { distributionValue: distributionJson(value.value, buckets) };
  }
}

function kindAfter(aligner: string): string {
  return ['ALIGN_NONE', 'ALIGN_DELTA', 'ALIGN_SUM'].includes(aligner) ? 'DELTA' : 'GAUGE';
}

function valueTypeOf([point]: readonly ValuePoint[], type: MetricType): string {
  switch (point?.value.kind) {
    case 'count':
      return 'INT64';
    case 'number':
      return 'DOUBLE';
    default:
      return METRICS[type].valueType;
  }
}

function numbers({ metricKind, valueType }: { metricKind: string; valueType: string }) {
  return { metricKind: KIND_NUMBERS[metricKind], valueType: TYPE_NUMBERS[valueType] };
}
