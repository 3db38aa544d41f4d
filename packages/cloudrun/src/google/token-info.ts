import type { ServiceLocation } from '../service-location.ts';
import type { Connection } from './connection.ts';
import { googleRest } from './rest.ts';

/** What Google knows about an access token. */
type TokenInfo = {
  readonly email?: string | undefined;
  /** How long it can still be used, in milliseconds. */
  readonly lastsMs?: number | undefined;
};

/**
 * Asks Google about the connection's access token
 * (https://cloud.google.com/docs/authentication/token-types#access-contents). Nothing is known when this fails: it is only
 * information, and other calls show whether the login works. `effort` says whether to repeat the call when it gets no
 * answer.
 */
export async function readTokenInfo(
  connection: Connection,
  location: ServiceLocation,
  effort: 'once' | 'repeatable',
): Promise<TokenInfo> {
  try {
    const { email, expires_in: seconds } = await googleRest(connection)[effort]<{
      email?: string;
      expires_in?: string | number;
    }>(
      { doing: 'asking about the access token', location },
      { method: 'POST', host: 'oauth2.googleapis.com', path: '/tokeninfo' },
    );
    const lastsMs = Number(seconds ?? Number.NaN) * 1000;
    return { email, lastsMs: Number.isFinite(lastsMs) ? lastsMs : undefined };
  } catch {
    return {};
  }
}

/** How long the connection's login can still be used; undefined if it is renewed by itself, or if that is not known. */
export async function loginLastsMs(
  connection: Connection,
  location: ServiceLocation,
): Promise<number | undefined> {
  if (connection.identity.kind !== 'access-token') return undefined;
  // A promotion does not wait for this: what comes of it is only a warning.
  return (await readTokenInfo(connection, location, 'once')).lastsMs;
}
