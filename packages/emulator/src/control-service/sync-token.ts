import { createHmac } from 'node:crypto';
import type { Config, SyncTokenConfig } from './config.ts';
import { apiError, type Exchange, json, type Reply, unauthorized } from './exchange.ts';
import { offsetTime, randomId } from './ids.ts';
import type { Session } from './sessions.ts';
import { parseSyncTokenRequest, type SyncTokenRequest } from './sync-request.ts';

type Grant = { scopes: readonly string[]; ttlSeconds: number };

// Scope by scope, the topic that it opens, and whether an organisation's plain member may have it.
const SCOPES: Readonly<Record<string, { topic: string; forMembers: boolean }>> = {
  'runtime.codex_worker_events': { topic: 'worker_events', forMembers: false },
  'runtime.codex_worker_summaries': { topic: 'worker_summaries', forMembers: true },
  'runtime.run_summaries': { topic: 'run_summaries', forMembers: true },
};

/** Mints a token for the sync service. The body is read before anybody is asked who they are. */
export function mintSyncToken(
  exchange: Exchange,
  session: Session | undefined,
  { syncToken }: Config,
): Reply {
  const parsed = parseSyncTokenRequest(exchange);
  if ('refusal' in parsed) return parsed.refusal;
  if (session === undefined) return unauthorized();
  const { signingKey } = syncToken;
  if (signingKey === undefined || !canMint(syncToken)) {
    return apiError(503, 'sync_token_unavailable', 'Sync tokens cannot be minted.');
  }
  const refusal = refuse(parsed.request, session, syncToken);
  if (refusal !== undefined) return refusal;
  return granted(grantFor(parsed.request, syncToken), {
    session,
    config: syncToken,
    signingKey,
    now: exchange.now,
  });
}

function canMint({ enabled, issuer, audience, minTtlSeconds, maxTtlSeconds }: SyncTokenConfig): boolean {
  return enabled && issuer !== '' && audience !== '' && minTtlSeconds > 0 && minTtlSeconds <= maxTtlSeconds;
}

function grantFor({ scopes, ttlSeconds }: SyncTokenRequest, config: SyncTokenConfig): Grant {
  const asked = scopes === undefined || scopes.length === 0 ? config.defaultScopes : scopes;
  return { scopes: asked, ttlSeconds: ttlSeconds ?? config.ttlSeconds };
}

function refuse(request: SyncTokenRequest, session: Session, config: SyncTokenConfig): Reply | undefined {
  const { scopes, ttlSeconds } = grantFor(request, config);
  const unknown = scopes.find((scope) => !(scope in SCOPES && config.allowedScopes.includes(scope)));
  if (unknown !== undefined) return apiError(422, 'invalid_scope', `Unknown scope '${unknown}'.`);
  if (ttlSeconds < config.minTtlSeconds || ttlSeconds > config.maxTtlSeconds) {
    return apiError(422, 'invalid_request', 'ttl_seconds is out of bounds.');
  }
  for (const topic of request.topics ?? []) {
    const needed = Object.keys(SCOPES).find((scope) => topicOf(scope, session) === topic);
    if (needed === undefined) return apiError(422, 'invalid_request', `Unknown topic '${topic}'.`);
    if (!scopes.includes(needed))
      return apiError(422, 'invalid_scope', `Topic '${topic}' needs '${needed}'.`);
  }
  if (request.deviceId !== undefined && request.deviceId !== session.deviceId) {
    return apiError(403, 'forbidden', 'That is another device.');
  }
  const role = session.memberships.find(({ org_id }) => org_id === session.activeOrgId)?.role;
  const tooMuch = scopes.find((scope) => role !== 'owner' && SCOPES[scope]?.forMembers !== true);
  return tooMuch === undefined
    ? undefined
    : apiError(403, 'forbidden', `Scope '${tooMuch}' is not allowed in this organisation.`);
}

function granted(
  { scopes, ttlSeconds }: Grant,
  {
    session,
    config,
    signingKey,
    now,
  }: { session: Session; config: SyncTokenConfig; signingKey: string; now: number },
): Reply {
  const claims = {
    iss: config.issuer,
    aud: config.audience,
    sub: `user:${session.userId}`,
    iat: now,
    exp: now + ttlSeconds,
    jti: `sync_${randomId()}`,
    oa_org_id: session.activeOrgId,
    oa_sync_scopes: scopes,
    oa_claims_version: config.claimsVersion,
  };
  return json(200, {
    data: {
      token: signJwt(claims, { key: signingKey, keyId: config.keyId }),
      token_type: 'Bearer',
      expires_in: ttlSeconds,
      issued_at: offsetTime(claims.iat),
      expires_at: offsetTime(claims.exp),
      issuer: claims.iss,
      audience: claims.aud,
      subject: claims.sub,
      org_id: session.activeOrgId,
      claims_version: config.claimsVersion,
      scopes,
      granted_topics: scopes.map((scope) => ({ topic: topicOf(scope, session), required_scope: scope })),
      kid: config.keyId,
      token_id: claims.jti,
      session_id: session.id,
      device_id: session.deviceId,
    },
  });
}

function topicOf(scope: string, { activeOrgId }: Session): string {
  return `org:${activeOrgId}:${SCOPES[scope]?.topic}`;
}

function signJwt(claims: object, { key, keyId }: { key: string; keyId: string }): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const unsigned = `${part({ alg: 'HS256', typ: 'JWT', kid: keyId })}.${part(claims)}`;
  return `${unsigned}.${createHmac('sha256', key).update(unsigned).digest('base64url')}`;
}
