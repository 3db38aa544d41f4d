import type { Patience } from './google/call.ts';
import type { Connection } from './google/connection.ts';
import { googleRest } from './google/rest.ts';
import { readTime } from './service/service.ts';
import type { ServiceLocation } from './service-location.ts';

/** One log entry of a service. */
export type LogEntry = {
  /** RFC 3339. */
  timestamp: string;
  severity: string;
  /** undefined when the entry does not say. */
  revision: string | undefined;
  /** Text as it was logged, structured payloads as JSON, possibly of many lines. */
  payload: string;
};

/** What is asked of Cloud Logging about a service. */
export type LogQuery = { filter: string; limit: number };

/** One page of what a filter finds. */
export type EntriesQuery = {
  filter: string;
  order: 'oldest first' | 'newest first';
  /** Entries a page, at most 1000. */
  size: number;
  /** Where the page before ended. */
  after?: string | undefined;
  /** A project has 60 reads a minute: how long to wait when others have used them up. */
  patience: Patience;
};

export type EntriesPage<T> = {
  /** As the API sends them. An empty page may be followed by others. */
  entries: readonly T[];
  /** Where the next page begins; undefined after the last one. */
  next: string | undefined;
  /** The platform's time of the answer; this machine's where it was not told. */
  answeredAt: Date;
};

export type LogApi = {
  /** Entries as the API sends them, one page: one read of the quota. Throws a CloudError when it fails. */
  page<T>(query: EntriesQuery): Promise<EntriesPage<T>>;
  /** The newest entries that the query finds, newest first. Throws a CloudError when it fails. */
  newest(query: LogQuery): Promise<LogEntry[]>;
};

// A search over an index that is being written may take a while.
const READ_TIMEOUT_MS = 60_000;
// A page is asked for every few seconds, so that one without an answer is better asked for again.
const PAGE_TIMEOUT_MS = 20_000;

/** The filter for a service's entries that are errors, or worse, since a moment. */
export function errorFilter(service: string, since: Date): string {
  return [
    'resource.type=cloud_run_revision',
    `resource.labels.service_name=${service}`,
    'severity>=ERROR',
    `timestamp>="${since.toISOString()}"`,
  ].join(' AND ');
}

/** The gcloud command line that asks the same. */
export function logReadCommand(project: string, { filter, limit }: LogQuery): string {
  return `gcloud logging read '${filter}' --project ${project} --limit ${limit} --format json`;
}

/** Opens Cloud Logging for one project: https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list */
export async function openLogApi(connection: Connection, location: ServiceLocation): Promise<LogApi> {
  const rest = googleRest(connection);
  const subject = { doing: `reading the logs of ${location.service}`, location };
  return {
    async page<T>({ filter, order, size, after, patience }: EntriesQuery) {
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
        timeoutMs: PAGE_TIMEOUT_MS,
        patience,
        onDate: (date) => {
          answeredAt = date;
        },
      });
      return { entries: page.entries ?? [], next: page.nextPageToken || undefined, answeredAt };
    },

    async newest({ filter, limit }) {
      const found: LogEntry[] = [];
      let pageToken: string | undefined;
      // A page may be empty and not the last one.
      do {
        const page = await rest.repeatable<{ entries?: ApiEntry[]; nextPageToken?: string }>(subject, {
          method: 'POST',
          host: 'logging.googleapis.com',
          path: '/v2/entries:list',
          body: {
            resourceNames: [`projects/${location.project}`],
            filter,
            orderBy: 'timestamp desc',
            pageSize: limit,
            pageToken,
          },
          timeoutMs: READ_TIMEOUT_MS,
        });
        found.push(...(page.entries ?? []).map(readEntry));
        pageToken = page.nextPageToken || undefined;
      } while (pageToken !== undefined && found.length < limit);
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
