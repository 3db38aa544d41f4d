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
import { MINUTE_MS } from './minutes.ts';
import { createPlatformClock } from './platform-clock.ts';
import { chooseSource, metricFilter, type ReadingHabit, requestLogFilter } from './queries.ts';
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
 * If the metrics have at least this many requests and the logs have none, something keeps the requests out of the logs,
 * so `auto` reads the metrics.
 */
const MISSED = 10;

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
    const looked = await lookIntoLogs();
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
  const looked = await lookIntoLogs();
  if (isUnreadable(counted)) return { ...logs, why: chosen.why, ...unreadableIn(looked) };
  if (isUnreadable(looked))
    return { ...metrics, why: `the request logs cannot be read (${looked.why}); ${lateness}` };
  if (looked.isEmpty && counted.requests >= MISSED) {
    const why = `the metrics have ${countText(counted.requests)} requests and the request logs none: perhaps an exclusion filter drops them`;
    return { ...metrics, why: `${why}; ${lateness}` };
  }
  return { ...logs, why: chosen.why };

  /** The latest minutes whose metrics should have arrived by now. */
  function lookBack(): { from: Date; to: Date } {
    const to = clock.now().getTime() - USUAL_METRIC_DELAY_MS;
    return { from: new Date(to - LOOK_BACK_MINUTES * MINUTE_MS), to: new Date(to) };
  }

  function countRequests(): Promise<{ requests: number } | Unreadable> {
    return orUnreadable(async () => {
      const filter = metricFilter('request_count', location, { stable, canary });
      const { series, answeredAt } = await monitoringApi.timeSeries<RawTimeSeries>({ filter, ...lookBack() });
      clock.hear(answeredAt);
      const counts = series.flatMap(({ points = [] }) =>
        points.map(({ value }) => Number(value?.int64Value ?? 0)),
      );
      return { requests: counts.reduce((sum, count) => sum + count, 0) };
    });
  }

  function lookIntoLogs(): Promise<{ isEmpty: boolean } | Unreadable> {
    return orUnreadable(async () => {
      const filter = requestLogFilter(location, { stable, canary, ...lookBack() });
      const page = await logApi.page({ filter, order: 'newest first', size: 1, patience });
      clock.hear(page.answeredAt);
      return { isEmpty: page.entries.length === 0 && page.next === undefined };
    });
  }
}

function isUnreadable(read: object): read is Unreadable {
  return 'state' in read && read.state === 'unreadable';
}

function unreadableIn(read: object): { unreadable?: Unreadable } {
  return isUnreadable(read) ? { unreadable: read } : {};
}
