import { createHash } from 'node:crypto';
import type { Config } from './config.ts';
import { type Exchange, json, type Reply, unauthorized } from './exchange.ts';
import { randomId, rfc3339 } from './ids.ts';
import { type Membership, membershipsOf } from './memberships.ts';

export type Session = {
  id: string;
  userId: string;
  email: string;
  deviceId: string;
  tokenName: string;
  /** In seconds since 1970, like all times here. */
  issuedAt: number;
  accessExpiresAt: number;
  refreshExpiresAt: number;
  memberships: readonly Membership[];
  activeOrgId: string;
};

export type Started = { token: string; session: Session; isNewUser: boolean };

type Login = {
  now: number;
  client?: string | undefined;
  device?: string | undefined;
  /** Set by tests; by default it is random. */
  accessToken?: string;
  activeOrganisation?: string;
};

export type Sessions = {
  /** Logs somebody in. This ends the same person's previous session on the same device. */
  start(email: string, login: Login): Started;
  /** The session of a request's bearer token, if it is valid. */
  of(exchange: Exchange): Session | undefined;
  end(exchange: Exchange): void;
};

/**
 * The sessions. They live in the memory of one instance, which does not know the tokens of other revisions or
 * instances.
 */
export function createSessions(config: Config): Sessions {
  const sessions = new Map<string, Session>();
  const tokens = new Map<string, string>();
  const users = new Map<string, string>();
  return {
    start(email, { now, client, device, accessToken, activeOrganisation = 'own' }) {
      const isNewUser = !users.has(email);
      const userId = users.get(email) ?? `user_${randomId()}`;
      users.set(email, userId);
      const memberships = membershipsOf(userId, email);
      const tokenName = tokenNameOf(client);
      const deviceId = (device?.trim() || tokenName).toLowerCase();
      const session: Session = {
        id: `sess_${randomId()}`,
        userId,
        email,
        deviceId,
        tokenName,
        issuedAt: now,
        accessExpiresAt: now + config.accessTtlSeconds,
        refreshExpiresAt: now + config.refreshTtlSeconds,
        memberships,
        activeOrgId: activeOrganisation === 'own' ? memberships[0].org_id : activeOrganisation,
      };
      const token = accessToken ?? `oa_at_${randomId()}`;
      const place = `${userId} ${deviceId}`;
      sessions.delete(tokens.get(place) ?? '');
      tokens.set(place, token);
      sessions.set(token, session);
      return { token, session, isNewUser };
    },

    of(exchange) {
      const session = sessions.get(bearerToken(exchange));
      return session !== undefined && session.accessExpiresAt > exchange.now ? session : undefined;
    },

    end: (exchange) => void sessions.delete(bearerToken(exchange)),
  };
}

// The scheme is case-sensitive, and an empty token counts as none.
function bearerToken({ headers }: Exchange): string {
  const header = headers.authorization?.trim() ?? '';
  return header.startsWith('Bearer ') ? header.slice('Bearer '.length).trim() : '';
}

/** The answer of the routes that show a session. */
export function showSession(session: Session | undefined): Reply {
  if (session === undefined) return unauthorized();
  const { id: sessionId, userId, email, deviceId, tokenName, memberships, activeOrgId } = session;
  return json(200, {
    data: {
      session: {
        sessionId,
        userId,
        email,
        deviceId,
        status: 'active',
        tokenName,
        issuedAt: rfc3339(session.issuedAt),
        accessExpiresAt: rfc3339(session.accessExpiresAt),
        refreshExpiresAt: rfc3339(session.refreshExpiresAt),
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
}

/** A person, with the name and the WorkOS id that the mock provider invents. */
export function userOf({ userId, email }: Session) {
  const workosId = `mock_workos_${createHash('sha256').update(email).digest('hex').slice(0, 32)}`;
  return { id: userId, email, name: `${email.split('@')[0]} Mock`, workosId };
}

function tokenNameOf(client = ''): string {
  const name = client.trim().toLowerCase();
  switch (name) {
    case 'autopilot-ios':
    case 'openagents-expo':
      return `mobile:${name}`;
    case 'autopilot-desktop':
    case 'openagents-desktop':
      return `desktop:${name}`;
    default:
      return 'device:unknown';
  }
}
