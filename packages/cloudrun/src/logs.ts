import type { protos } from '@google-cloud/logging';
import { repeatableCall } from './google/call.ts';
import { type Connection, clientOptions } from './service/api.ts';
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

export type LogApi = {
  /** The newest entries that the query finds, newest first. Throws a CloudError when it fails. */
  newest(query: LogQuery): Promise<LogEntry[]>;
};

// A search over an index that is being written may take a while.
const READ_TIMEOUT_MS = 60_000;

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

/** Opens Cloud Logging for one project. The vendor's client is loaded here and not before. */
export async function openLogApi(connection: Connection, location: ServiceLocation): Promise<LogApi> {
  const [{ v2 }, options] = await Promise.all([import('@google-cloud/logging'), clientOptions(connection)]);
  const client = new v2.LoggingServiceV2Client(options);
  const subject = { doing: `reading the logs of ${location.service}`, location };
  return {
    newest: ({ filter, limit }) =>
      repeatableCall(subject, async () => {
        const [entries] = await client.listLogEntries(
          {
            resourceNames: [`projects/${location.project}`],
            filter,
            orderBy: 'timestamp desc',
          },
          // A page may be empty and not the last one: the client reads on until there are as many entries.
          { timeout: READ_TIMEOUT_MS, retry: null, maxResults: limit },
        );
        return entries.map(readEntry);
      }),
  };
}

type ApiEntry = protos.google.logging.v2.ILogEntry;

function readEntry(entry: ApiEntry): LogEntry {
  return {
    timestamp: readTime(entry.timestamp),
    severity: String(entry.severity ?? 'DEFAULT'),
    revision: entry.resource?.labels?.revision_name,
    payload: readPayload(entry),
  };
}

function readPayload({ textPayload, jsonPayload, protoPayload }: ApiEntry): string {
  if (textPayload) return textPayload;
  if (jsonPayload) return JSON.stringify(readStruct(jsonPayload));
  return protoPayload ? `(${protoPayload.type_url})` : '';
}

type ApiStruct = protos.google.protobuf.IStruct;
type ApiValue = protos.google.protobuf.IValue;

/** A protobuf Struct as the JSON that was logged. */
function readStruct({ fields }: ApiStruct): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields ?? {}).map(([name, value]) => [name, readValue(value)]));
}

function readValue({ structValue, listValue, stringValue, numberValue, boolValue }: ApiValue): unknown {
  if (structValue) return readStruct(structValue);
  if (listValue) return (listValue.values ?? []).map(readValue);
  return stringValue ?? numberValue ?? boolValue ?? null;
}
