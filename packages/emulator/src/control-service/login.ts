import type { Config } from './config.ts';
import { apiError, type Exchange, json, type Reply } from './exchange.ts';
import { randomId } from './ids.ts';
import { type Sessions, userOf } from './sessions.ts';

const CHALLENGE_COOKIE = 'oa_magic_challenge';

/** Logging in by a code that is mailed; in mock mode the code is a fixed one and nothing is mailed. */
export function createLogin(config: Config, sessions: Sessions) {
  const challenges = new Map<string, { email: string; expiresAt: number }>();
  return {
    sendCode({ body, now }: Exchange): Reply {
      const { email } = parse(body);
      if (typeof email !== 'string' || !email.includes('@')) {
        return apiError(422, 'invalid_request', 'An email is required.');
      }
      if (config.authProvider === 'workos' && !config.workosConfigured) {
        return apiError(503, 'service_unavailable', 'Authentication is not configured.');
      }
      const challengeId = `challenge_${randomId()}`;
      challenges.set(challengeId, { email, expiresAt: now + config.challengeTtlSeconds });
      const cookie = `${CHALLENGE_COOKIE}=${challengeId}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${config.challengeTtlSeconds}`;
      return json(200, { ok: true, status: 'code-sent', email, challengeId }, { 'set-cookie': cookie });
    },

    verifyCode({ body, headers, now }: Exchange): Reply {
      const { code, challenge_id: given } = parse(body);
      const challengeId = typeof given === 'string' ? given : challengeCookie(headers.cookie);
      const challenge = challenges.get(challengeId);
      // One try each: a wrong code uses the challenge up.
      challenges.delete(challengeId);
      if (challenge === undefined || challenge.expiresAt <= now || code !== config.magicCode) {
        return apiError(422, 'invalid_request', 'The code is wrong or has expired.');
      }
      const { token, session } = sessions.start(challenge.email, { now, client: headers['x-client'] });
      return json(200, {
        ok: true,
        userId: session.userId,
        status: 'authenticated',
        user: userOf(session),
        redirect: '/',
        tokenType: 'Bearer',
        token,
        tokenName: session.deviceId,
        refreshToken: `oa_rt_${randomId()}`,
        sessionId: session.id,
        newUser: true,
      });
    },
  };
}

function challengeCookie(header = ''): string {
  const parts = header.split(';').map((part) => part.trim().split('='));
  return parts.find(([name]) => name === CHALLENGE_COOKIE)?.[1] ?? '';
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
