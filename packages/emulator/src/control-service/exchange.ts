/** A request, read whole. */
export type Exchange = {
  method: string;
  /** Without the query, not decoded. */
  path: string;
  /** Without the question mark, not decoded; empty when there is none. */
  query: string;
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
  /** Seconds since 1970. */
  now: number;
};

export type Reply = { status: number; headers: Record<string, string>; body: string };

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

export function plain(status: number, body: string): Reply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}

/** The one shape that the JSON API gives its errors. */
export function apiError(status: number, code: string, message: string): Reply {
  return json(status, { message, error: { code, message } });
}

export const unauthorized = (): Reply => apiError(401, 'unauthorized', 'Unauthenticated.');
