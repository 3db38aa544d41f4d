import { countText } from '../figures.ts';
import type { ObservationQuery, ObservationSource } from '../observations/source.ts';

/** Where the two revisions are. */
export type QueriedService = { readonly service: string; readonly region: string };

/** The longest that a request to Cloud Run may take: https://cloud.google.com/run/docs/configuring/request-timeout */
const LONGEST_REQUEST_MS = 3_600_000;
/** How far the clocks of whoever writes an entry and of whoever receives it may differ. */
const CLOCK_SKEW_MS = 10_000;

/**
 * The filter of `entries:list` for the request logs of both revisions, and the service's own route decisions. An entry carries the
 * time at which its request began and arrives after the request has ended: so everything that ended since `from` was
 * received since then, however long it took, and nothing else has to be read.
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

/**
 * The filter of `timeSeries.list` for one metric of both revisions. The language is not the one of the logs: a choice is `one_of`. The
 * resource type is named because the metrics of `cloud_run_instance` have the same names and no revisions.
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

/** In quotes, each once: a history is of one revision only. */
function revisionsOf({ stable, canary }: Pick<ObservationQuery, 'stable' | 'canary'>): string[] {
  return [...new Set([stable, canary])].map((revision) => `"${revision}"`);
}

/** `entries:list` gives at most so many entries a page. */
export const ENTRIES_A_PAGE = 1000;
/** Of the 60 reads a minute that a project has, which people need as well: what the polls may take, and all of us together. */
const READS_FOR_POLLS = 20;
export const READS_A_MINUTE = 40;

export type ChosenSource = { readonly name: ObservationSource['name']; readonly why: string };

/** How a source is read: `polls` times a minute, `minutesAtOnce` of requests each time. */
export type ReadingHabit = { readonly polls: number; readonly minutesAtOnce: number };

/**
 * Which source to read when the choice was left to us: the request logs, which are exact, come within seconds and know paths, as long
 * as the requests fit the reads that may be spent on them.
 */
export function chooseSource(requestsAMinute: number, { polls, minutesAtOnce }: ReadingHabit): ChosenSource {
  const pages = Math.max(1, Math.ceil((requestsAMinute * minutesAtOnce) / ENTRIES_A_PAGE));
  const reads = Math.ceil(polls * pages);
  const volume = `${countText(Math.round(requestsAMinute))} requests a minute take about ${reads} of the 60 reads of logs that a project has in one`;
  return reads <= READS_FOR_POLLS
    ? { name: 'logs', why: volume }
    : { name: 'monitoring', why: `${volume}, and ${READS_FOR_POLLS} are the most that a canary takes` };
}
