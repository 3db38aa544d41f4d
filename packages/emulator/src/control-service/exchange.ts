/** A request that was read to its end, including the body. */
export type Exchange = {
  method: string;
  /** Without the query, not decoded. */
  path: string;
  /** Without the question mark, not decoded; empty when there is none. */
  query: string;
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
  /** The request's `x-request-id`, or a generated one. */
  requestId: string;
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

/** The shape of every error of the JSON API. */
export function apiError(status: number, code: string, message: string): Reply {
  return json(status, { message, error: { code, message } });
}

/** An error about one field: the same shape, with the field's name. */
export function validationError(field: string, message: string): Reply {
  return json(422, {
    message,
    error: { code: 'invalid_request', message },
    errors: { [field]: [message] },
  });
}

export const unauthorized = (): Reply => apiError(401, 'unauthorized', 'Unauthenticated.');

/** A header's value as the service reads it: trimmed, and undefined when nothing remains. */
export function headerText({ headers }: Exchange, name: string): string | undefined {
  return headers[name]?.trim() || undefined;
}

/** A cookie's value; undefined if it is missing or empty. */
export function cookieValue({ headers }: Exchange, name: string): string | undefined {
  for (const part of headers.cookie?.split(';') ?? []) {
    const [key, ...value] = part.trim().split('=');
    // The real service stops parsing at a part without `=`.
    if (value.length === 0) return undefined;
    if (key === name) return value.join('=').trim() || undefined;
  }
  return undefined;
}
