import type { ObservationQuery, ObservationSource } from '../observations/source.ts';

/** Where the two revisions are. */
export type QueriedService = { readonly service: string; readonly region: string };

/**
 * The filter of `entries:list` for the request logs of both revisions, and the service's own route decisions. It begins
 * `longestRequestMs` early, since an entry carries the time at which its request began.
 */
export function requestLogFilter(
  { service, region }: QueriedService,
  { stable, canary, from, to }: ObservationQuery,
  longestRequestMs: number,
): string {
  const since = new Date(from.getTime() - longestRequestMs);
  return [
    'resource.type="cloud_run_revision"',
    `resource.labels.service_name="${service}"`,
    `resource.labels.location="${region}"`,
    `resource.labels.revision_name=("${stable}" OR "${canary}")`,
    '(log_id("run.googleapis.com/requests") OR jsonPayload.event_name="route.split.decision" OR textPayload:"route.split.decision")',
    `timestamp>="${since.toISOString()}"`,
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
    `resource.labels.revision_name=one_of("${stable}","${canary}")`,
  ].join(' AND ');
}

/** `entries:list` gives at most so many entries a page. */
const ENTRIES_A_PAGE = 1000;
/** Of the 60 reads a minute that a project has, which people need as well. */
const READS_A_MINUTE = 20;

export type ChosenSource = { readonly name: ObservationSource['name']; readonly why: string };

/**
 * Which source to read when the choice was left to us: the request logs, which are exact, come within seconds and know paths, as long
 * as a minute's requests fit the reads that may be spent on them; `polls` is how often a minute they are read.
 */
export function chooseSource(requestsAMinute: number, polls: number): ChosenSource {
  const reads = polls + Math.ceil(requestsAMinute / ENTRIES_A_PAGE);
  const volume = `${Math.round(requestsAMinute)} requests a minute take about ${reads} of the 60 reads of logs that a project has in one`;
  return reads <= READS_A_MINUTE
    ? { name: 'logs', why: volume }
    : { name: 'monitoring', why: `${volume}, and ${READS_A_MINUTE} are the most that a promotion takes` };
}
