import { createHmac } from 'node:crypto';
import type { Config } from './config.ts';
import { apiError, type Exchange, json, plain, type Reply, unauthorized } from './exchange.ts';
import { id, type Session } from './sessions.ts';

type Request = { scopes: string[]; ttlSeconds: number; deviceId: string | undefined };

// Scope by scope, the topic that it opens and whether an organisation's plain member may have it.
const SCOPES: Record<string, { topic: string; forMembers: boolean }> = {
  'runtime.codex_worker_events': { topic: 'worker_events', forMembers: false },
  'runtime.codex_worker_summaries': { topic: 'worker_lifecycle', forMembers: true },
};

const DEFAULT_TTL = 300;

/** Mints a token for the sync service. The body is read before anybody is asked who they are. */
export function mintSyncToken(
  exchange: Exchange,
  session: Session | undefined,
  { syncToken }: Config,
): Reply {
  const request = parseRequest(exchange);
  if ('refusal' in request) return request.refusal;
  if (session === undefined) return unauthorized();
  if (!syncToken.enabled || syncToken.signingKey === undefined || syncToken.issuer === '') {
    return apiError(503, 'sync_token_unavailable', 'Sync tokens cannot be minted.');
  }
  const refusal = checkGrant(request, session);
  if (refusal !== undefined) return refusal;

  const claims = {
    iss: syncToken.issuer,
    aud: syncToken.audience,
    sub: `user:${session.userId}`,
    iat: exchange.now,
    exp: exchange.now + request.ttlSeconds,
    jti: `sync_${id()}`,
    oa_org_id: session.activeOrgId,
    oa_sync_scopes: request.scopes,
  };
  return json(200, {
    data: {
      token: signJwt(claims, syncToken.signingKey),
      token_type: 'Bearer',
      expires_in: request.ttlSeconds,
      issued_at: timestamp(claims.iat),
      expires_at: timestamp(claims.exp),
      issuer: claims.iss,
      audience: claims.aud,
      subject: claims.sub,
      org_id: session.activeOrgId,
      claims_version: 'oa_sync_claims_v1',
      scopes: request.scopes,
      granted_topics: request.scopes.map((scope) => ({
        topic: `org:${session.activeOrgId}:${SCOPES[scope]?.topic}`,
        required_scope: scope,
      })),
      kid: 'sync-auth-v1',
      token_id: claims.jti,
      session_id: session.id,
      device_id: session.deviceId,
    },
  });
}

function parseRequest({ headers, body }: Exchange): Request | { refusal: Reply } {
  if (!/^application\/json\b/.test(headers['content-type'] ?? '')) {
    return { refusal: plain(415, 'Expected request with `Content-Type: application/json`') };
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { refusal: plain(400, 'Failed to parse the request body as JSON') };
  }
  if (typeof value !== 'object' || value === null)
    return { refusal: plain(422, 'The request body has the wrong type') };
  const {
    scopes = [],
    ttl_seconds: ttl = DEFAULT_TTL,
    device_id: device,
  } = { ...value } as Record<string, unknown>;
  const isText = (each: unknown): each is string => typeof each === 'string';
  if (
    !Array.isArray(scopes) ||
    !scopes.every(isText) ||
    typeof ttl !== 'number' ||
    (device !== undefined && !isText(device))
  ) {
    return { refusal: plain(422, 'A field of the request body has the wrong type') };
  }
  return { scopes, ttlSeconds: ttl, deviceId: device };
}

function checkGrant({ scopes, ttlSeconds, deviceId }: Request, session: Session): Reply | undefined {
  const unknown = scopes.find((scope) => !(scope in SCOPES));
  if (unknown !== undefined) return apiError(422, 'invalid_scope', `Unknown scope '${unknown}'.`);
  if (ttlSeconds < 60 || ttlSeconds > 900)
    return apiError(422, 'invalid_request', 'ttl_seconds is out of bounds.');
  if (deviceId !== undefined && deviceId !== session.deviceId)
    return apiError(403, 'forbidden', 'That is another device.');
  const role = session.memberships.find(({ org_id }) => org_id === session.activeOrgId)?.role;
  const tooMuch = scopes.find((scope) => role !== 'owner' && SCOPES[scope]?.forMembers === false);
  return tooMuch === undefined
    ? undefined
    : apiError(403, 'forbidden', `Scope '${tooMuch}' is not allowed in this organisation.`);
}

function signJwt(claims: object, key: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const unsigned = `${part({ alg: 'HS256', typ: 'JWT', kid: 'sync-auth-v1' })}.${part(claims)}`;
  return `${unsigned}.${createHmac('sha256', key).update(unsigned).digest('base64url')}`;
}

function timestamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('Z', '+00:00');
}
