import { isSeverity } from './severity.ts';
import { type LogPlace, type NewEntry, revisionResource } from './store.ts';

export type OutputLine = {
  service: string;
  revision: string;
  stream: 'stdout' | 'stderr';
  text: string;
  /** Milliseconds since 1970. */
  at: number;
};

// Fields of a structured line that the collector moves out of the payload:
// https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
const LABELS = 'logging.googleapis.com/labels';
const TRACE = 'logging.googleapis.com/trace';
const SPAN_ID = 'logging.googleapis.com/spanId';

/**
 * Turns a line that a container wrote into an entry, as Google's collector does. From a JSON object, the special fields
 * are moved out. The rest becomes `jsonPayload`, or `textPayload` if only `message` is left. Any other line becomes
 * `textPayload`. The severity comes from a field named `severity`, never from `level`. A `timestamp` that is text stays
 * in the payload.
 */
export function collect({ service, revision, stream, text, at }: OutputLine, place: LogPlace): NewEntry {
  const base = {
    logName: `projects/${place.project}/logs/run.googleapis.com%2F${stream}`,
    resource: revisionResource({ service, revision }, place),
  };
  const fields = structured(text);
  const timestamp = new Date(at).toISOString();
  if (fields === undefined) return { ...base, timestamp, severity: 'DEFAULT', textPayload: text };
  const {
    severity,
    time,
    httpRequest,
    [LABELS]: labels,
    [TRACE]: trace,
    [SPAN_ID]: spanId,
    ...rest
  } = fields;
  const hasSeverity = typeof severity === 'string' && isSeverity(severity);
  const hasTime = typeof time === 'string' && !Number.isNaN(Date.parse(time));
  const payload: Record<string, unknown> = {
    ...(severity !== undefined && !hasSeverity && { severity }),
    ...(time !== undefined && !hasTime && { time }),
    ...rest,
  };
  const onlyMessage = Object.keys(payload).length === 1 && typeof payload.message === 'string';
  return {
    ...base,
    timestamp: hasTime ? new Date(time).toISOString() : timestamp,
    severity: hasSeverity ? severity.toUpperCase() : 'DEFAULT',
    ...(isObject(httpRequest) && { httpRequest }),
    ...(isObject(labels) && { labels }),
    ...(typeof trace === 'string' && { trace }),
    ...(typeof spanId === 'string' && { spanId }),
    ...(onlyMessage ? { textPayload: payload.message } : { jsonPayload: payload }),
  };
}

function structured(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
