import type { ObservationQuery, ReadMinutes } from '../observations/source.ts';
import type { LatencyHistogram, Observation } from '../verdict/observation.ts';
import { type Arrival, minuteOf, sortIntoMinutes } from './minutes.ts';

/** A log entry as Cloud Logging's `entries:list` returns it, with only the fields that are used here. */
export type RawLogEntry = {
  readonly insertId?: string;
  readonly logName?: string;
  readonly timestamp?: string;
  readonly resource?: { readonly labels?: Readonly<Record<string, string>> };
  readonly httpRequest?: {
    readonly requestMethod?: string;
    readonly requestUrl?: string;
    readonly status?: number;
    readonly userAgent?: string;
    /** In seconds, for example `0.012345s`. */
    readonly latency?: string;
  };
  readonly jsonPayload?: Readonly<Record<string, unknown>>;
  readonly textPayload?: string;
};

/**
 * User agents that are not people's browsers: health checks of Cloud Run and the load balancer, uptime checks of Cloud
 * Monitoring, probes of Kubernetes, and these scripts.
 */
const NOT_USERS =
  /^(?:GoogleHC\/|GoogleStackdriverMonitoring-UptimeChecks|kube-probe\/|openagents-deploy-scripts\b)/;

const SIGN_IN = /^\/api\/(?:v1\/)?auth\/(?:email|verify)$/;
const SYNC_TOKEN = /^\/api\/(?:v1\/)?sync\/token$/;
/** Paths that do not count as pages of the web shell: the start page, the API, the shell's files, the probes. */
const NO_PAGE = /^\/(?:$|api\/|assets\/|healthz$|readyz$|manifest\.json$|sw\.js$)/;
const ROUTE_DECISION = 'route.split.decision';
/**
 * Matches a route decision that Cloud Logging keeps as text, because the line was cut off or is not JSON. The line must
 * also begin as the service's own log lines do. The event's name alone proves nothing: anyone can send a request that
 * contains it, and a sidecar's access log may repeat the request.
 */
const UNREADABLE_DECISION =
  /^(?:\{|\S+\s+(?:TRACE|DEBUG|INFO|WARN|ERROR)\s).*\bevent_name"?\s*[:=]\s*"?route\.split\.decision/s;
/**
 * What Cloud Run notes on a request that it turned away with a 429 because the revision had no free instance and could
 * not start another (https://cloud.google.com/run/docs/troubleshooting). The service's own 429s have no such note.
 */
const TURNED_AWAY = /no available instance/;
/**
 * The name of the request log. An `httpRequest` does not prove that an entry is from this log, because the service's
 * own structured log lines may have one too.
 */
const REQUEST_LOG = /run\.googleapis\.com%2Frequests$/;

/**
 * Bucket bounds from 1 ms to 11 minutes, 15 % apart. The threshold for slow requests is 20 % above p95, rounded up to
 * the next bound, and so at most 38 % above p95.
 */
const BOUNDS_MS: readonly number[] = Array.from({ length: 97 }, (_, i) => Number((1.15 ** i).toPrecision(3)));

type Seen = {
  requests: number;
  errors: number;
  latencies: number[];
  signIn: { requests: number; failures: number; serverErrors: number };
  syncToken: { requests: number; failures: number; serverErrors: number };
  pages: number;
  routeDecisions: number;
  unreadableDecisions: number;
};

/**
 * Turns request logs (`run.googleapis.com/requests`), and the service's own log lines if there are any, into figures
 * per minute for two revisions.
 * - A request belongs to the minute in which it ended, as in the platform's metrics. Its entry carries the time when it
 *   began.
 * - Duplicate entries count once.
 * - For sign-ins and sync tokens, a 401 is never a failure: a session lives in the memory of one revision, so the other
 *   revision must refuse it.
 * - Latencies and statuses include the platform's own answers (429 and 503 when there are not enough instances). Such a
 *   429 counts as an error, like a 5xx: to the person who asked, the revision is not there.
 */
export function observeRequestLog(
  entries: Iterable<RawLogEntry>,
  query: ObservationQuery,
  arrival: Arrival,
): ReadMinutes {
  const seen = new Map<string, Seen>();
  const known = new Set<string>();
  let hasOwnLines = false;
  for (const entry of entries) {
    const revision = entry.resource?.labels?.revision_name;
    const startedAt = Date.parse(entry.timestamp ?? '');
    if (revision === undefined || Number.isNaN(startedAt)) continue;
    const id = identify(entry);
    if (known.has(id)) continue;
    known.add(id);
    if (entry.httpRequest === undefined || !REQUEST_LOG.test(entry.logName ?? '')) {
      if (countDecision(entry, () => at(revision, startedAt))) hasOwnLines = true;
    } else if (!NOT_USERS.test(entry.httpRequest.userAgent ?? '') && (query.withTagged || !isTagged(entry))) {
      const latencyMs = latencyOf(entry);
      countRequest(entry, latencyMs, at(revision, startedAt + latencyMs));
    }
  }
  return sortIntoMinutes(query, arrival, (revision, minute) =>
    observationFrom(seen.get(`${revision} ${minute}`) ?? nothing(), hasOwnLines),
  );

  function at(revision: string, timeMs: number): Seen {
    const place = `${revision} ${minuteOf(timeMs)}`;
    const found = seen.get(place) ?? nothing();
    seen.set(place, found);
    return found;
  }
}

/**
 * Whether a request was sent to the URL of a tag, which begins with the tag, three dashes and the service's name:
 * https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration#tags
 */
function isTagged({ httpRequest, resource }: RawLogEntry): boolean {
  const service = resource?.labels?.service_name;
  const [, host = ''] = /^https?:\/\/([^/?#]+)/.exec(httpRequest?.requestUrl ?? '') ?? [];
  return service !== undefined && host.indexOf(`---${service}-`) > 0;
}

/**
 * A key for recognising an entry that was read twice. The insertId is not enough, because it is unique only among
 * entries of the same log and time.
 */
export function identify(entry: RawLogEntry): string {
  const { logName, timestamp, insertId } = entry;
  return insertId === undefined ? JSON.stringify(entry) : `${logName} ${timestamp} ${insertId}`;
}

/** When an entry's request ended, or its line was written; NaN for an entry without a time. */
export function endOf(entry: RawLogEntry): number {
  return Date.parse(entry.timestamp ?? '') + latencyOf(entry);
}

function latencyOf({ httpRequest }: RawLogEntry): number {
  return Number.parseFloat(httpRequest?.latency ?? '0') * 1000;
}

function countRequest(
  { httpRequest = {}, textPayload = '' }: RawLogEntry,
  latencyMs: number,
  minute: Seen,
): void {
  const { status = 0, requestMethod, requestUrl = '' } = httpRequest;
  const isError = status >= 500 || (status === 429 && TURNED_AWAY.test(textPayload));
  minute.requests++;
  if (isError) minute.errors++;
  const bucket = BOUNDS_MS.findIndex((bound) => latencyMs <= bound);
  const place = bucket === -1 ? BOUNDS_MS.length : bucket;
  minute.latencies[place] = (minute.latencies[place] ?? 0) + 1;
  const path = URL.canParse(requestUrl) ? new URL(requestUrl).pathname : requestUrl.replace(/[?#].*$/, '');
  if (requestMethod === 'POST' && SIGN_IN.test(path)) countPath(minute.signIn, status, isError);
  if (requestMethod === 'POST' && SYNC_TOKEN.test(path)) countPath(minute.syncToken, status, isError);
  if (requestMethod === 'GET' && status === 200 && !NO_PAGE.test(path)) minute.pages++;
}

function countPath(paths: Seen['signIn'], status: number, isError: boolean): void {
  paths.requests++;
  if (isError) paths.serverErrors++;
  if (status >= 400 && status !== 401) paths.failures++;
}

/**
 * Counts the entry if it is a route decision, and returns whether it is one. The service logs each event as one line of
 * JSON. If the line is broken, Cloud Logging keeps it as text, and the decision counts as unreadable.
 */
function countDecision({ jsonPayload, textPayload = '' }: RawLogEntry, minute: () => Seen): boolean {
  const isUnreadable = UNREADABLE_DECISION.test(textPayload);
  if (!isUnreadable && jsonPayload?.event_name !== ROUTE_DECISION) return false;
  const seen = minute();
  seen.routeDecisions++;
  if (isUnreadable || !isJson(jsonPayload?.event_json)) seen.unreadableDecisions++;
  return true;
}

function isJson(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function observationFrom(seen: Seen, hasOwnLines: boolean): Observation {
  const { requests, errors, signIn, syncToken, pages, routeDecisions, unreadableDecisions } = seen;
  const latency: LatencyHistogram = {
    boundsMs: BOUNDS_MS,
    counts: Array.from({ length: BOUNDS_MS.length + 1 }, (_, i) => seen.latencies[i] ?? 0),
  };
  return {
    requests,
    errors,
    latency,
    signIn,
    syncToken,
    // If no decision was found in any minute, the service's log lines were probably not read. Then missing decisions
    // prove nothing.
    ...(hasOwnLines ? { pages, routeDecisions, unreadableDecisions } : {}),
  };
}

function nothing(): Seen {
  const paths = () => ({ requests: 0, failures: 0, serverErrors: 0 });
  return {
    ...{ requests: 0, errors: 0, latencies: [], pages: 0, routeDecisions: 0, unreadableDecisions: 0 },
    signIn: paths(),
    syncToken: paths(),
  };
}
