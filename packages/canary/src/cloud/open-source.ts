import {
  type Connection,
  openLogApi,
  openMonitoringApi,
  type Patience,
  type ServiceLocation,
} from '@deploy/cloudrun';
import type { ObservationSource, Unreadable } from '../observations/source.ts';
import { countText } from '../verdict/figures.ts';
import { openLogSource } from './log-source.ts';
import { openMetricSource } from './metric-source.ts';
import type { RawTimeSeries } from './metrics.ts';
import { MINUTE_MS, minuteOf } from './minutes.ts';
import { createPlatformClock } from './platform-clock.ts';
import {
  chooseSource,
  ENTRIES_A_PAGE,
  metricFilter,
  type ReadingHabit,
  requestsOnlyFilter,
} from './queries.ts';
import { orUnreadable } from './unreadable.ts';

/** `auto` means request logs if they can be read and are few enough, otherwise metrics. */
export type SourceChoice = 'auto' | ObservationSource['name'];

export type SourceRequest = {
  readonly source: SourceChoice;
  readonly stable: string;
  readonly canary: string;
  /** How often the source will be read, and how much at a time. `auto` uses this to choose a source. */
  readonly habit: ReadingHabit;
  /** How long a read waits when others have used up the project's quota of log reads. */
  readonly patience: Patience;
  /** Log entries are assumed to arrive within this time, in milliseconds; default: 30 s. */
  readonly logDelayMs?: number;
};

export type OpenedSource = ObservationSource & {
  /** For the user: that this source was asked for, or why `auto` chose it. */
  readonly why: string;
  /** Why the first read failed, if it did. */
  readonly unreadable?: Unreadable;
};

/**
 * The delay to assume when a metric's descriptor states none: a sample is taken every minute and takes up to two more
 * minutes to appear.
 */
const USUAL_METRIC_DELAY_MS = 180_000;
const LOOK_BACK_MINUTES = 10;
/**
 * If the metrics have at least this many requests and the logs less than half of them, something keeps requests out of
 * the logs, so `auto` reads the metrics. Logs without the requests that went well are worse than none: in them, all
 * requests of both revisions fail, and nothing shows that the candidate's fail more often.
 */
const ENOUGH_TO_COMPARE = 10;
/** Compare only so many minutes that they have at most this many requests, so that one page of logs holds them all. */
const MOST_TO_COMPARE = 800;

/**
 * Opens the source of a service's observations and reads it once, so that problems show early. If that read fails,
 * nothing is thrown, and `unreadable` says why. Later reads report their failures in the same way. Throws a UserError
 * only for bad settings.
 */
export async function openObservationSource(
  connection: Connection,
  location: ServiceLocation,
  { source, stable, canary, habit, patience, logDelayMs }: SourceRequest,
): Promise<OpenedSource> {
  const clock = createPlatformClock();
  const [logApi, monitoringApi] = await Promise.all([
    openLogApi(connection, location),
    openMonitoringApi(connection, location),
  ]);
  const logs = openLogSource(logApi, location, clock, {
    patience,
    ...(logDelayMs !== undefined && { delayMs: logDelayMs }),
  });

  if (source === 'logs') {
    const looked = await lookIntoLogs({ ...lookBack(), size: 1 });
    return { ...logs, why: 'asked for', ...unreadableIn(looked) };
  }
  const descriptor = await orUnreadable(() => monitoringApi.describe('run.googleapis.com/request_count'));
  const isDescribed = !isUnreadable(descriptor);
  if (isDescribed) clock.hear(descriptor.answeredAt);
  const statedDelayMs = isDescribed ? descriptor.ingestDelayMs : undefined;
  const metrics = openMetricSource(monitoringApi, location, clock, {
    delayMs: statedDelayMs ?? USUAL_METRIC_DELAY_MS,
  });
  const lateness = `metrics are complete after ${Math.round(metrics.delayMs / 1000)} s${statedDelayMs === undefined ? ', an assumption because the platform does not say' : ''}`;
  const counted = await countRequests();
  if (source === 'monitoring') return { ...metrics, why: `asked for; ${lateness}`, ...unreadableIn(counted) };

  const chosen = isUnreadable(counted)
    ? ({ name: 'logs', why: `the number of requests is unknown (${counted.why})` } as const)
    : chooseSource(counted.requests / LOOK_BACK_MINUTES, habit);
  if (chosen.name === 'monitoring') return { ...metrics, why: `${chosen.why}; ${lateness}` };
  const compared = isUnreadable(counted) ? { ...lookBack(), requests: 0 } : counted.latest;
  const looked = await lookIntoLogs({ ...compared, size: ENTRIES_A_PAGE });
  if (isUnreadable(counted)) return { ...logs, why: chosen.why, ...unreadableIn(looked) };
  if (isUnreadable(looked))
    return { ...metrics, why: `the request logs cannot be read (${looked.why}); ${lateness}` };
  const { logged, isAll } = looked;
  if (isAll && compared.requests >= ENOUGH_TO_COMPARE && logged < compared.requests / 2) {
    const found = logged === 0 ? 'none' : `only ${countText(logged)}`;
    const why = `the metrics have ${countText(compared.requests)} requests and the request logs ${found}: perhaps an exclusion filter drops them`;
    return { ...metrics, why: `${why}; ${lateness}` };
  }
  return { ...logs, why: chosen.why };

  /** The latest minutes whose metrics should have arrived by now. */
  function lookBack(): { from: Date; to: Date } {
    const to = minuteOf(clock.now().getTime() - USUAL_METRIC_DELAY_MS);
    return { from: new Date(to - LOOK_BACK_MINUTES * MINUTE_MS), to: new Date(to) };
  }

  function countRequests(): Promise<{ requests: number; latest: Counted } | Unreadable> {
    return orUnreadable(async () => {
      const filter = metricFilter('request_count', location, { stable, canary });
      const { from, to } = lookBack();
      const { series, answeredAt } = await monitoringApi.timeSeries<RawTimeSeries>({ filter, from, to });
      clock.hear(answeredAt);
      const points = series.flatMap(({ points: some = [] }) =>
        some.map(({ interval, value }) => ({
          endsAt: Date.parse(interval?.endTime ?? ''),
          count: Number(value?.int64Value ?? 0),
        })),
      );
      const requests = points.reduce((sum, { count }) => sum + count, 0);
      return { requests, latest: latestOf(points, { from, to }) };
    });
  }

  function lookIntoLogs({
    from,
    to,
    size,
  }: {
    from: Date;
    to: Date;
    size: number;
  }): Promise<{ logged: number; isAll: boolean } | Unreadable> {
    return orUnreadable(async () => {
      const filter = requestsOnlyFilter(location, { stable, canary, from, to });
      const page = await logApi.page({ filter, order: 'newest first', size, patience });
      clock.hear(page.answeredAt);
      return { logged: page.entries.length, isAll: page.next === undefined };
    });
  }
}

/** Minutes, and how many requests the metrics have of them. */
type Counted = { readonly from: Date; readonly to: Date; readonly requests: number };

/** The latest minutes: as many as together have at most MOST_TO_COMPARE requests, but at least one. */
function latestOf(
  points: readonly { endsAt: number; count: number }[],
  { from, to }: { from: Date; to: Date },
): Counted {
  let requests = 0;
  let start = to.getTime();
  while (start > from.getTime()) {
    const minute = points
      .filter(({ endsAt }) => endsAt > start - MINUTE_MS && endsAt <= start)
      .reduce((sum, { count }) => sum + count, 0);
    if (start < to.getTime() && requests + minute > MOST_TO_COMPARE) break;
    requests += minute;
    start -= MINUTE_MS;
  }
  return { from: new Date(start), to, requests };
}

function isUnreadable(read: object): read is Unreadable {
  return 'state' in read && read.state === 'unreadable';
}

function unreadableIn(read: object): { unreadable?: Unreadable } {
  return isUnreadable(read) ? { unreadable: read } : {};
}
