import type { Config } from './config.ts';
import { type Exchange, json, type Reply, unauthorized } from './exchange.ts';
import { randomId, rfc3339 } from './ids.ts';
import { type Membership, membershipsOf } from './memberships.ts';

export type Session = {
  id: string;
  userId: string;
  email: string;
  deviceId: string;
  /** Seconds since 1970, as all times here. */
  issuedAt: number;
  accessExpiresAt: number;
  refreshExpiresAt: number;
  memberships: readonly Membership[];
  activeOrgId: string;
};

export type Started = { token: string; session: Session };

export type Sessions = {
  /** Logs somebody in; with a token of their own choice for tests. */
  start(
    email: string,
    login: { now: number; client?: string | undefined; accessToken?: string; activeOrganisation?: string },
  ): Started;
  /** The session of a request's bearer token, if it is a live one. */
  of(exchange: Exchange): Session | undefined;
};

/** Who is logged in. Lives in the memory of one instance: a token of another revision or instance is unknown here. */
export function createSessions(config: Config): Sessions {
  const sessions = new Map<string, Session>();
  return {
    start(email, { now, client, accessToken, activeOrganisation = 'own' }) {
      const userId = `user_${randomId()}`;
      const memberships = membershipsOf(userId, email);
      const session: Session = {
        id: `sess_${randomId()}`,
        userId,
        email,
        deviceId: deviceOf(client),
        issuedAt: now,
        accessExpiresAt: now + config.accessTtlSeconds,
        refreshExpiresAt: now + config.refreshTtlSeconds,
        memberships,
        activeOrgId: activeOrganisation === 'own' ? memberships[0].org_id : activeOrganisation,
      };
      const token = accessToken ?? `oa_at_${randomId()}`;
      sessions.set(token, session);
      return { token, session };
    },

    of({ headers, now }) {
      const header = headers.authorization ?? '';
      if (!header.startsWith('Bearer ')) return undefined;
      const session = sessions.get(header.slice('Bearer '.length).trim());
      return session !== undefined && session.accessExpiresAt > now ? session : undefined;
    },
  };
}

/** What the session routes answer. */
export function showSession(session: Session | undefined): Reply {
  if (session === undefined) return unauthorized();
  const { id: sessionId, userId, email, deviceId, memberships, activeOrgId } = session;
  return json(200, {
    data: {
      session: {
        sessionId,
        userId,
        email,
        deviceId,
        status: 'active',
        tokenName: deviceId,
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

export function userOf({ userId, email }: Session) {
  return { id: userId, email, name: email.split('@')[0], workosId: `workos_${userId}` };
}

function deviceOf(client: string | undefined): string {
  switch (client) {
    case 'autopilot-ios':
      return 'mobile:autopilot-ios';
    case 'autopilot-desktop':
      return 'desktop:autopilot-desktop';
    default:
      return 'device:unknown';
  }
}
