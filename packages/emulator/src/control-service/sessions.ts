import type { Config } from './config.ts';
import { apiError, type Exchange, json, type Reply, unauthorized } from './exchange.ts';

type Membership = {
  org_id: string;
  org_slug: string;
  role: string;
  role_scopes: string[];
  default_org: boolean;
};
export type Session = {
  id: string;
  userId: string;
  email: string;
  deviceId: string;
  issuedAt: number;
  expiresAt: number;
  memberships: Membership[];
  activeOrgId: string;
};

const OWNER_SCOPES = [
  'runtime.read',
  'runtime.write',
  'sync.subscribe',
  'policy.evaluate',
  'org.membership.read',
  'org.membership.write',
];
const MEMBER_SCOPES = ['runtime.read', 'sync.subscribe', 'policy.evaluate', 'org.membership.read'];

/** Who is logged in. Lives in the memory of one instance: a token of another revision or instance is unknown here. */
export function createSessions(config: Config) {
  const sessions = new Map<string, Session>();
  const challenges = new Map<string, { email: string; expiresAt: number }>();

  const start = (email: string, now: number): { token: string; session: Session } => {
    const userId = `user_${id()}`;
    const own = {
      org_id: `user:${userId}`,
      org_slug: `user-${userId}`,
      role: 'owner',
      role_scopes: OWNER_SCOPES,
      default_org: true,
    };
    const staff = {
      org_id: 'org:openagents',
      org_slug: 'openagents',
      role: 'member',
      role_scopes: MEMBER_SCOPES,
      default_org: false,
    };
    const session = {
      id: `sess_${id()}`,
      userId,
      email,
      deviceId: 'device:unknown',
      issuedAt: now,
      expiresAt: now + config.accessTtlSeconds,
      memberships: email.endsWith('@openagents.com') ? [own, staff] : [own],
      activeOrgId: own.org_id,
    };
    const token = `oa_at_${id()}`;
    sessions.set(token, session);
    return { token, session };
  };

  return {
    /** The session of a request's bearer token, if it is a live one. */
    of({ headers, now }: Exchange): Session | undefined {
      const header = headers.authorization ?? '';
      const session = header.startsWith('Bearer ')
        ? sessions.get(header.slice('Bearer '.length).trim())
        : undefined;
      return session !== undefined && session.expiresAt > now ? session : undefined;
    },

    sendCode(exchange: Exchange): Reply {
      const { email } = parse(exchange.body);
      if (typeof email !== 'string' || !email.includes('@'))
        return apiError(422, 'invalid_request', 'An email is required.');
      if (config.authProvider === 'workos' && !config.workosConfigured) {
        return apiError(503, 'service_unavailable', 'Authentication is not configured.');
      }
      const challengeId = `challenge_${id()}`;
      challenges.set(challengeId, { email, expiresAt: exchange.now + config.challengeTtlSeconds });
      return json(
        200,
        { ok: true, status: 'code-sent', email, challengeId },
        {
          'set-cookie': `oa_magic_challenge=${challengeId}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${config.challengeTtlSeconds}`,
        },
      );
    },

    verifyCode(exchange: Exchange): Reply {
      const { code, challenge_id: given } = parse(exchange.body);
      const cookie = /(?:^|;\s*)oa_magic_challenge=([^;]+)/.exec(exchange.headers.cookie ?? '')?.[1];
      const challengeId = typeof given === 'string' ? given : (cookie ?? '');
      const challenge = challenges.get(challengeId);
      challenges.delete(challengeId);
      if (challenge === undefined || challenge.expiresAt <= exchange.now || code !== config.magicCode) {
        return apiError(422, 'invalid_request', 'The code is wrong or has expired.');
      }
      const { token, session } = start(challenge.email, exchange.now);
      return json(200, {
        ok: true,
        userId: session.userId,
        status: 'authenticated',
        user: userOf(session),
        redirect: '/',
        tokenType: 'Bearer',
        token,
        tokenName: session.deviceId,
        refreshToken: `oa_rt_${id()}`,
        sessionId: session.id,
        newUser: true,
      });
    },

    show(session: Session | undefined): Reply {
      if (session === undefined) return unauthorized();
      const {
        id: sessionId,
        userId,
        email,
        deviceId,
        issuedAt,
        expiresAt,
        memberships,
        activeOrgId,
      } = session;
      return json(200, {
        data: {
          session: {
            sessionId,
            userId,
            email,
            deviceId,
            status: 'active',
            tokenName: deviceId,
            issuedAt: rfc3339(issuedAt),
            accessExpiresAt: rfc3339(expiresAt),
            refreshExpiresAt: rfc3339(issuedAt + 30 * 24 * 3600),
            activeOrgId,
            reauthRequired: false,
            lastRefreshedAt: null,
            revokedAt: null,
            revokedReason: null,
          },
          user: userOf(session),
          memberships,
        },
      });
    },
  };
}

function userOf({ userId, email }: Session) {
  return { id: userId, email, name: email.split('@')[0], workosId: `workos_${userId}` };
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

export function id(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
