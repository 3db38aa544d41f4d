import { parseBody } from './body.ts';
import type { Config } from './config.ts';
import {
  apiError,
  cookieValue,
  type Exchange,
  json,
  type Reply,
  unauthorized,
  validationError,
} from './exchange.ts';
import { randomId, rfc3339 } from './ids.ts';
import type { Observability } from './observability.ts';
import { type Sessions, userOf } from './sessions.ts';

const CHALLENGE_COOKIE = 'oa_magic_challenge';
const LONGEST_EMAIL = 255;

/** Login with a mailed code, and logout. In mock mode the code is fixed and nothing is mailed. */
export function createLogin(config: Config, sessions: Sessions, observability: Observability) {
  const challenges = new Map<string, { email: string; expiresAt: number }>();
  const report = (
    exchange: Exchange,
    event: string,
    details: Parameters<Observability['audit']>[2],
  ): void => {
    observability.audit(exchange, event, details);
    observability.count(exchange, event);
  };
  return {
    sendCode(exchange: Exchange): Reply {
      const parsed = parseBody(exchange, { email: 'text' });
      if ('refusal' in parsed) return parsed.refusal;
      const email = parsed.fields.email.trim().toLowerCase();
      if (!email.includes('@') || Buffer.byteLength(email) > LONGEST_EMAIL) {
        return validationError('email', 'A valid email address is required.');
      }
      if (config.authProvider === 'workos' && !config.workosConfigured) {
        return apiError(503, 'service_unavailable', 'Authentication is not configured.');
      }
      const challengeId = `challenge_${randomId()}`;
      challenges.set(challengeId, { email, expiresAt: exchange.now + config.challengeTtlSeconds });
      report(exchange, 'auth.challenge.requested', {
        attributes: { provider: config.authProvider, email_domain: email.split('@')[1]?.trim() || 'unknown' },
      });
      const cookie = challengeCookie(challengeId, config.challengeTtlSeconds);
      return json(200, { ok: true, status: 'code-sent', email, challengeId }, { 'set-cookie': cookie });
    },

    verifyCode(exchange: Exchange): Reply {
      const parsed = parseBody(exchange, {
        code: 'text',
        challenge_id: 'optional text',
        device_id: 'optional text',
        deviceId: 'optional text',
      });
      if ('refusal' in parsed) return parsed.refusal;
      const { code, challenge_id: given, device_id, deviceId } = parsed.fields;
      const challengeId = given?.trim() || cookieValue(exchange, CHALLENGE_COOKIE);
      // An empty code leaves the challenge valid; any other code uses it up.
      const challenge =
        challengeId === undefined || code.trim() === '' ? undefined : challenges.get(challengeId);
      if (challenge !== undefined && challengeId !== undefined) challenges.delete(challengeId);
      if (
        challenge === undefined ||
        challenge.expiresAt <= exchange.now ||
        code.trim() !== config.magicCode
      ) {
        return validationError('code', 'The code is wrong or has expired.');
      }
      const { token, session, isNewUser } = sessions.start(challenge.email, {
        now: exchange.now,
        client: exchange.headers['x-client'],
        device: device_id ?? deviceId ?? exchange.headers['x-device-id'],
      });
      report(exchange, 'auth.verify.completed', {
        session,
        attributes: { provider: config.authProvider, new_user: String(isNewUser) },
      });
      const body = {
        ok: true,
        userId: session.userId,
        status: 'authenticated',
        user: userOf(session),
        redirect: '/',
        tokenType: 'Bearer',
        token,
        tokenName: session.tokenName,
        refreshToken: `oa_rt_${randomId()}`,
        sessionId: session.id,
        newUser: isNewUser,
      };
      return json(200, body, { 'set-cookie': challengeCookie('', 0) });
    },

    logOut(exchange: Exchange): Reply {
      const session = sessions.of(exchange);
      if (session === undefined) return unauthorized();
      sessions.end(exchange);
      report(exchange, 'auth.logout.completed', { session });
      observability.audit(exchange, 'auth.sessions.revocation.propagation.skipped', {
        attributes: {
          reason: 'runtime_revocation_client_not_configured',
          session_count: '1',
          device_count: '0',
        },
      });
      return json(200, {
        ok: true,
        status: 'revoked',
        sessionId: session.id,
        revokedAt: rfc3339(exchange.now),
      });
    },
  };
}

function challengeCookie(value: string, maxAgeSeconds: number): string {
  return `${CHALLENGE_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}`;
}
