import { type Exchange, plain, type Reply } from './exchange.ts';

/** What was asked for; undefined where the request leaves it to the service. */
export type SyncTokenRequest = {
  scopes: readonly string[] | undefined;
  topics: readonly string[] | undefined;
  ttlSeconds: number | undefined;
  deviceId: string | undefined;
};

export type ParsedRequest = { request: SyncTokenRequest } | { refusal: Reply };

/** Reads the body as the web framework does, before any of the service's own code: its refusals are plain text. */
export function parseSyncTokenRequest({ headers, body }: Exchange): ParsedRequest {
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    return { refusal: plain(415, 'Expected request with `Content-Type: application/json`') };
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { refusal: plain(400, 'Failed to parse the request body as JSON') };
  }
  if (typeof value !== 'object' || value === null) return wrongType();
  const fields: Record<string, unknown> = { ...value };
  const { scopes, topics, ttl_seconds: ttl, device_id: device } = fields;
  if (!isOptional(scopes, isTextList) || !isOptional(topics, isTextList)) return wrongType();
  if (!isOptional(ttl, isWholeNumber) || !isOptional(device, isText)) return wrongType();
  return {
    request: {
      scopes: scopes ?? undefined,
      topics: topics ?? undefined,
      ttlSeconds: ttl ?? undefined,
      deviceId: device ?? undefined,
    },
  };
}

function wrongType(): { refusal: Reply } {
  return { refusal: plain(422, 'Failed to deserialize the JSON body into the target type') };
}

type Check<T> = (value: unknown) => value is T;

function isOptional<T>(value: unknown, check: Check<T>): value is T | null | undefined {
  return value === undefined || value === null || check(value);
}

const isText: Check<string> = (value) => typeof value === 'string';
const isTextList: Check<string[]> = (value) => Array.isArray(value) && value.every(isText);
const isWholeNumber = (value: unknown): value is number => Number.isInteger(value);
