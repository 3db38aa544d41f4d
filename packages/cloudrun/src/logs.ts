import type { Patience } from './google/call.ts';
import type { Connection } from './google/connection.ts';
import { googleRest } from './google/rest.ts';
import { readTime } from './service/service.ts';
import type { ServiceLocation } from './service-location.ts';

export type LogEntry = {
  /** RFC 3339. */
  timestamp: string;
  severity: string;
  /** Undefined when the entry names no revision. */
  revision: string | undefined;
  /** The text as it was logged, or a structured payload as JSON. It may have several lines. */
  payload: string;
};

/** Which entries to read, and how many at most. */
export type LogQuery = { filter: string; limit: number };

/** A request for one page of the entries that match a filter. */
export type EntriesQuery = {
  filter: string;
  order: 'oldest first' | 'newest first';
  /** Entries per page, at most 1000. */
  size: number;
  /** The `next` of the previous page; undefined for the first page. */
  after?: string | undefined;
  /** How long to keep trying when others have used up the project's quota of 60 reads per minute. */
  patience: Patience;
};

export type EntriesPage<T> = {
  /** As the API sends them. An empty page need not be the last one. */
  entries: readonly T[];
  /** To get the next page, pass this as `after`. Undefined on the last page. */
  next: string | undefined;
  /** When the platform answered, by its own clock, or by this machine's if the answer has no date. */
  answeredAt: Date;
};

export type LogApi = {
  /** Reads one page, which counts as one read of the quota. Throws a CloudError. */
  page<T>(query: EntriesQuery): Promise<EntriesPage<T>>;
  /** Reads the newest entries that match, newest first. Throws a CloudError. */
  newest(query: LogQuery): Promise<LogEntry[]>;
};

// Long, because a search over an index that is still being written can take a while.
const READ_TIMEOUT_MS = 60_000;
// Shorter, because pages are read every few seconds: a read that takes longer is given up and repeated.
const PAGE_TIMEOUT_MS = 20_000;

/** The filter for a service's log entries of severity ERROR and above, from a moment on. */
export function errorFilter(service: string, since: Date): string {
  return [
    'resource.type=cloud_run_revision',
    `resource.labels.service_name=${service}`,
    'severity>=ERROR',
    `timestamp>="${since.toISOString()}"`,
  ].join(' AND ');
}

/** The gcloud command line that reads the entries of this query. */
export function logReadCommand(project: string, { filter, limit }: LogQuery): string {
  return `gcloud logging read '${filter}' --project ${project} --limit ${limit} --format json`;
}

/** Opens Cloud Logging for one project: https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list */
export async function openLogApi(connection: Connection, location: ServiceLocation): Promise<LogApi> {
  const rest = googleRest(connection);
  const subject = { doing: `reading the logs of ${location.service}`, location };

  const readPage = async <T>(
    { filter, order, size, after, patience }: EntriesQuery,
    timeoutMs: number,
  ): Promise<EntriesPage<T>> => {
    let answeredAt = new Date();
    const page = await rest.repeatable<{ entries?: T[]; nextPageToken?: string }>(subject, {
      method: 'POST',
      host: 'logging.googleapis.com',
      path: '/v2/entries:list',
      body: {
        resourceNames: [`projects/${location.project}`],
        filter,
        orderBy: order === 'oldest first' ? 'timestamp asc' : 'timestamp desc',
        pageSize: size,
        pageToken: after,
      },
      timeoutMs,
      patience,
      onDate: (date) => {
        answeredAt = date;
      },
    });
    return { entries: page.entries ?? [], next: page.nextPageToken || undefined, answeredAt };
  };

  return {
    page: (query) => readPage(query, PAGE_TIMEOUT_MS),

    async newest({ filter, limit }) {
      const query = { filter, order: 'newest first', size: limit, patience: 'usual' } as const;
      const found: LogEntry[] = [];
      let after: string | undefined;
      do {
        const { entries, next } = await readPage<ApiEntry>({ ...query, after }, READ_TIMEOUT_MS);
        found.push(...entries.map(readEntry));
        after = next;
      } while (after !== undefined && found.length < limit);
      return found.slice(0, limit);
    },
  };
}

/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry */
type ApiEntry = {
  timestamp?: string;
  severity?: string;
  resource?: { labels?: Record<string, string> };
  textPayload?: string;
  jsonPayload?: unknown;
  protoPayload?: { '@type'?: string };
};

function readEntry(entry: ApiEntry): LogEntry {
  return {
    timestamp: readTime(entry.timestamp),
    severity: entry.severity ?? 'DEFAULT',
    revision: entry.resource?.labels?.revision_name,
    payload: readPayload(entry),
  };
}

function readPayload({ textPayload, jsonPayload, protoPayload }: ApiEntry): string {
  if (textPayload) return textPayload;
  if (jsonPayload) return JSON.stringify(jsonPayload);
  return protoPayload ? `(${protoPayload['@type']})` : '';
}
