import type {
  HistoryQuery,
  HistoryReading,
  ObservationQuery,
  ObservationSource,
  ReadMinutes,
} from '../observations/source.ts';
import { countText } from '../verdict/figures.ts';
import { MINUTE_MS, minuteOf } from './minutes.ts';

/** The service whose revisions are observed. */
export type QueriedService = { readonly service: string; readonly region: string };

/** The longest that a request may take: https://cloud.google.com/run/docs/configuring/request-timeout */
const LONGEST_REQUEST_MS = 3_600_000;
/** How many past minutes of a revision are read to learn what is usual for it. */
const HISTORY_MINUTES = 60;
/** How much the clock of whoever writes a log entry may differ from that of Cloud Logging, which receives it. */
const CLOCK_SKEW_MS = 10_000;

/**
 * The filter of `entries:list` for the request logs of both revisions and the service's own route decisions. An entry
 * carries the time when its request began, but arrives after the request has ended. Filtering by the time of arrival
 * therefore finds every request that ended since `from`, however long it took, and hardly any others.
 */
export function requestLogFilter(
  { service, region }: QueriedService,
  { stable, canary, from, to }: ObservationQuery,
): string {
  const earliest = (ms: number): string => new Date(from.getTime() - ms).toISOString();
  return [
    'resource.type="cloud_run_revision"',
    `resource.labels.service_name="${service}"`,
    `resource.labels.location="${region}"`,
    `resource.labels.revision_name=(${revisionsOf({ stable, canary }).join(' OR ')})`,
    '(log_id("run.googleapis.com/requests") OR jsonPayload.event_name="route.split.decision" OR textPayload:"route.split.decision")',
    `timestamp>="${earliest(LONGEST_REQUEST_MS)}"`,
    `receiveTimestamp>="${earliest(CLOCK_SKEW_MS)}"`,
    `timestamp<"${to.toISOString()}"`,
  ].join(' AND ');
}

/** The same filter without the route decisions. */
export function requestsOnlyFilter(service: QueriedService, query: ObservationQuery): string {
  return `${requestLogFilter(service, query)} AND log_id("run.googleapis.com/requests")`;
}

/**
 * The filter of `timeSeries.list` for one metric of both revisions. Alternatives are written with `one_of`, unlike in
 * the filters of Cloud Logging. The resource type must be named, because `cloud_run_instance` has metrics of the same
 * names, but without revisions.
 */
export function metricFilter(
  metric: 'request_count' | 'request_latencies',
  { service, region }: QueriedService,
  { stable, canary }: Pick<ObservationQuery, 'stable' | 'canary'>,
): string {
  return [
    `metric.type="run.googleapis.com/${metric}"`,
    'resource.type="cloud_run_revision"',
    `resource.labels.service_name="${service}"`,
    `resource.labels.location="${region}"`,
    `resource.labels.revision_name=one_of(${revisionsOf({ stable, canary }).join()})`,
  ].join(' AND ');
}

/** The quoted names, each only once: a query for a history gives the same revision as stable and as canary. */
function revisionsOf({ stable, canary }: Pick<ObservationQuery, 'stable' | 'canary'>): string[] {
  return [...new Set([stable, canary])].map((revision) => `"${revision}"`);
}

/** `entries:list` returns at most this many entries per page. */
export const ENTRIES_A_PAGE = 1000;
/**
 * Cloud Logging allows a project 60 reads a minute, and people need some of them. A canary therefore makes at most
 * `READS_A_MINUTE`, including those for the history. If its polls alone would need more than `READS_FOR_POLLS`, the
 * source `auto` means metrics instead of request logs.
 */
const READS_FOR_POLLS = 24;
export const READS_A_MINUTE = 40;

/** How a source is read: `polls` times a minute, `minutesAtOnce` minutes of requests each time. */
export type ReadingHabit = { readonly polls: number; readonly minutesAtOnce: number };

/**
 * Which source to read if none was chosen. Request logs are exact, arrive within seconds and contain paths, so they are
 * used unless there are too many requests for a canary's share of the reads.
 */
export function chooseSource(
  requestsAMinute: number,
  { polls, minutesAtOnce }: ReadingHabit,
): { name: ObservationSource['name']; why: string } {
  const pages = Math.max(1, Math.ceil((requestsAMinute * minutesAtOnce) / ENTRIES_A_PAGE));
  const reads = Math.ceil(polls * pages);
  const volume = `${countText(Math.round(requestsAMinute))} requests a minute need about ${reads} of the project's 60 log reads a minute`;
  return reads <= READS_FOR_POLLS
    ? { name: 'logs', why: volume }
    : { name: 'monitoring', why: `${volume}, and a canary takes at most ${READS_FOR_POLLS}` };
}

/** A query for the history of one revision. A query names two revisions; here both are the same. */
export function historyQuery({ revision, before }: HistoryQuery): ObservationQuery {
  const to = new Date(minuteOf(before.getTime()));
  const from = new Date(to.getTime() - HISTORY_MINUTES * MINUTE_MS);
  return { stable: revision, canary: revision, from, to };
}

/** The revision's minutes in the answer to a `historyQuery`; minutes without requests are left out. */
export function historyIn({ closed }: Pick<ReadMinutes, 'closed'>): HistoryReading {
  const minutes = closed.flatMap(({ stable }) => (stable.requests > 0 ? [stable] : []));
  return { state: 'read', minutes, outOf: closed.length };
}
