import { parseBody } from './body.ts';
import { type Exchange, json, type Reply, unauthorized } from './exchange.ts';
import type { Session } from './sessions.ts';

export type PolicyRequest = {
  orgId: string | undefined;
  scopes: readonly string[];
  topics: readonly string[];
};

export type PolicyDecision = {
  allowed: boolean;
  resolved_org_id: string;
  granted_scopes: readonly string[];
  denied_reasons: readonly string[];
};

/** Decides what a session may do in an organisation. Owners have every scope, members have the scopes of their role. */
export function decidePolicy(session: Session, { orgId, scopes, topics }: PolicyRequest): PolicyDecision {
  const resolved_org_id = orgId?.trim() || session.activeOrgId;
  const membership = session.memberships.find(({ org_id }) => org_id === resolved_org_id);
  if (membership === undefined) {
    return { allowed: false, resolved_org_id, granted_scopes: [], denied_reasons: ['org_scope_denied'] };
  }
  const asked = scopes.map((scope) => scope.trim()).filter((scope) => scope !== '');
  const isGranted = (scope: string): boolean =>
    membership.role === 'owner' || membership.role_scopes.includes(scope);
  const denied_reasons = [
    ...asked.filter((scope) => !isGranted(scope)).map((scope) => `scope_denied:${scope}`),
    ...topics
      .map((topic) => topic.trim())
      .filter((topic) => topic !== '' && !isOpenTo(topic, session, resolved_org_id))
      .map((topic) => `topic_denied:${topic}`),
  ];
  return {
    allowed: denied_reasons.length === 0,
    resolved_org_id,
    granted_scopes: asked.filter(isGranted),
    denied_reasons,
  };
}

/** `POST /api/policy/authorize`: a refusal is an ordinary answer with `allowed: false`. */
export function authorize(exchange: Exchange, session: Session | undefined): Reply {
  const parsed = parseBody(exchange, {
    org_id: 'optional text',
    required_scopes: 'texts',
    requested_topics: 'texts',
  });
  if ('refusal' in parsed) return parsed.refusal;
  if (session === undefined) return unauthorized();
  const { org_id: orgId, required_scopes: scopes, requested_topics: topics } = parsed.fields;
  return json(200, { data: decidePolicy(session, { orgId, scopes, topics }) });
}

/** The prefix of an organisation's topics. */
export function topicPrefix(orgId: string): string {
  return orgId.startsWith('org:') ? `${orgId}:` : `org:${orgId}:`;
}

function isOpenTo(topic: string, { userId }: Session, orgId: string): boolean {
  return [`user:${userId}:`, topicPrefix(orgId), 'run:'].some((prefix) => topic.startsWith(prefix));
}
