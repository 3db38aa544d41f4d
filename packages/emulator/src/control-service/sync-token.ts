import { createHmac } from 'node:crypto';
import { parseBody } from './body.ts';
import type { Config, SyncTokenConfig } from './config.ts';
import { apiError, type Exchange, json, type Reply, unauthorized } from './exchange.ts';
import { offsetTime, randomId } from './ids.ts';
import type { Observability } from './observability.ts';
import { decidePolicy, topicPrefix } from './policy.ts';
import type { Session } from './sessions.ts';

type Topic = { topic: string; required_scope: string };
type Grant = { scopes: readonly string[]; topics: readonly Topic[]; ttlSeconds: number };

// For each scope, the ending of the topics that it gives access to. A client that asks for no topics gets one for each
// of its scopes: its organisation's, or, if the topic ends in `runs`, the person's own.
const TOPIC_SUFFIX: Readonly<Record<string, string>> = {
  'runtime.codex_worker_events': 'worker_events',
  'runtime.codex_worker_summaries': 'workers',
  'runtime.run_summaries': 'runs',
};

/** Issues a token for the sync service. The body is parsed before the login is checked. */
export function mintSyncToken(
  exchange: Exchange,
  session: Session | undefined,
  { config: { syncToken }, observability }: { config: Config; observability: Observability },
): Reply {
  const parsed = parseBody(exchange, {
    scopes: 'texts',
    topics: 'texts',
    ttl_seconds: 'optional count',
    device_id: 'optional text',
  });
  if ('refusal' in parsed) return parsed.refusal;
  if (session === undefined) return unauthorized();
  const { scopes, topics, ttl_seconds, device_id } = parsed.fields;
  const device = device_id?.trim() || session.deviceId;
  if (device !== session.deviceId) return apiError(403, 'forbidden', 'That is another device.');
  const signingKey = syncToken.signingKey?.trim();
  if (!signingKey || !canMint(syncToken)) {
    return apiError(503, 'sync_token_unavailable', 'Sync tokens cannot be minted.');
  }
  const grant = grantFor(
    { scopes, topics, ttlSeconds: ttl_seconds ?? syncToken.ttlSeconds },
    session,
    syncToken,
  );
  if ('refusal' in grant) return grant.refusal;
  const { allowed } = decidePolicy(session, {
    orgId: session.activeOrgId,
    scopes: grant.scopes,
    topics: grant.topics.map(({ topic }) => topic),
  });
  if (!allowed) return apiError(403, 'forbidden', 'That is not allowed in this organisation.');
  observability.audit(exchange, 'sync.token.issued', {
    session,
    attributes: {
      scope_count: String(grant.scopes.length),
      topic_count: String(grant.topics.length),
      expires_in: String(grant.ttlSeconds),
    },
  });
  observability.count(exchange, 'sync.token.issued');
  return granted(grant, { session, config: syncToken, signingKey, now: exchange.now });
}

function canMint(config: SyncTokenConfig): boolean {
  const { enabled, issuer, audience, keyId, claimsVersion, minTtlSeconds, maxTtlSeconds } = config;
  const named = [issuer, audience, keyId, claimsVersion].every((text) => text.trim() !== '');
  return enabled && named && minTtlSeconds > 0 && minTtlSeconds <= maxTtlSeconds;
}

type Asked = { scopes: readonly string[]; topics: readonly string[]; ttlSeconds: number };

// Checks in the same order as the real service: lifetime, scopes, topics.
function grantFor(asked: Asked, session: Session, config: SyncTokenConfig): Grant | { refusal: Reply } {
  const { ttlSeconds } = asked;
  if (ttlSeconds < config.minTtlSeconds || ttlSeconds > config.maxTtlSeconds) {
    return { refusal: apiError(422, 'invalid_request', 'ttl_seconds is out of bounds.') };
  }
  const scopes = [asked.scopes, config.defaultScopes, config.allowedScopes]
    .map(sortedOnce)
    .find((each) => each.length > 0);
  if (scopes === undefined) {
    return { refusal: apiError(503, 'sync_token_unavailable', 'No scopes are configured.') };
  }
  const unknown = sortedOnce(asked.scopes).find((scope) => !config.allowedScopes.includes(scope));
  if (unknown !== undefined) {
    return { refusal: apiError(422, 'invalid_scope', `The scope '${unknown}' is not allowed.`) };
  }
  const names =
    asked.topics.length > 0
      ? asked.topics.map((topic) => topic.trim()).filter((topic) => topic !== '')
      : scopes.flatMap((scope) => defaultTopic(scope, session) ?? []);
  const topics: Topic[] = [];
  for (const topic of new Set(names)) {
    const needed = Object.keys(TOPIC_SUFFIX).find((scope) => topic.endsWith(`:${TOPIC_SUFFIX[scope]}`));
    if (needed === undefined) {
      return { refusal: apiError(422, 'invalid_request', `Unknown topic '${topic}'.`) };
    }
    if (!scopes.includes(needed)) {
      return { refusal: apiError(422, 'invalid_scope', `Topic '${topic}' needs '${needed}'.`) };
    }
    topics.push({ topic, required_scope: needed });
  }
  return { scopes, topics, ttlSeconds };
}

function defaultTopic(scope: string, { userId, activeOrgId }: Session): string | undefined {
  const suffix = TOPIC_SUFFIX[scope];
  if (suffix === undefined) return undefined;
  return suffix === 'runs' ? `user:${userId}:runs` : `${topicPrefix(activeOrgId)}${suffix}`;
}

function sortedOnce(values: readonly string[]): string[] {
  return [...new Set(values.map((value) => value.trim()).filter((value) => value !== ''))].sort();
}

function granted(
  { scopes, topics, ttlSeconds }: Grant,
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
    nbf: now,
    exp: now + ttlSeconds,
    jti: `sync_${randomId()}`,
    oa_user_id: session.userId,
    oa_org_id: session.activeOrgId,
    oa_session_id: session.id,
    oa_device_id: session.deviceId,
    oa_sync_scopes: scopes,
    oa_sync_topics: topics.map(({ topic }) => topic),
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
      granted_topics: topics,
      kid: config.keyId,
      token_id: claims.jti,
      session_id: session.id,
      device_id: session.deviceId,
    },
  });
}

function signJwt(claims: object, { key, keyId }: { key: string; keyId: string }): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const unsigned = `${part({ alg: 'HS256', typ: 'JWT', kid: keyId })}.${part(claims)}`;
  return `${unsigned}.${createHmac('sha256', key).update(unsigned).digest('base64url')}`;
}
