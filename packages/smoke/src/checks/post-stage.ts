import { cleanLine } from '@deploy/cli';
import { below400, type Check, type Objection } from '../check.ts';
import type { Answer } from '../exchange.ts';
import { isRecord, readRecord } from './json.ts';
import { sessionProbe, syncTokenProbe } from './routes.ts';

type Headers = Record<string, string>;

/** The runbook's list of pages that the Rust shell must serve. */
const PAGES = ['/login', '/onboarding/checklist', '/l402/paywalls'] as const;
const RUST = 'rust_shell';
/** Every session has this scope in its own organisation, but not in an organisation that does not exist. */
const SCOPE = 'runtime.read';
const FOREIGN_ORGANISATION = 'org:not-of-this-session';

/** Asks whose session the token belongs to. A 401 means that another revision issued it. */
export function stageSession(headers: Headers): Check {
  return { id: 'session', ...sessionProbe('/api/auth/session')(headers) };
}

/** What the runbook asks people to check after each stage while they are signed in. */
export function stageChecks(headers: Headers): Check[] {
  return [
    { id: 'sync-token', ...syncTokenProbe('/api/sync/token')(headers) },
    {
      id: 'route-split-status',
      request: { method: 'GET', path: '/api/v1/control/route-split/status', headers },
      judge: (answer) =>
        below400(answer) ??
        expected('a route split with its mode', typeof dataOf(answer)?.mode === 'string', answer),
    },
    ...PAGES.map(
      (path): Check => ({
        id: `evaluate-${path.slice(1).replaceAll('/', '-')}`,
        request: post('/api/v1/control/route-split/evaluate', { path }, headers),
        judge(answer) {
          const { target, reason } = dataOf(answer) ?? {};
          return (
            below400(answer) ??
            expected(`target ${RUST} for ${path}`, target === RUST, answer, { target, reason })
          );
        },
      }),
    ),
    {
      id: 'policy-allow',
      request: post('/api/policy/authorize', { required_scopes: [SCOPE] }, headers),
      judge: (answer) => judgePolicy(answer, true),
    },
    {
      id: 'policy-deny',
      request: post(
        '/api/policy/authorize',
        { org_id: FOREIGN_ORGANISATION, required_scopes: [SCOPE] },
        headers,
      ),
      judge: (answer) => judgePolicy(answer, false),
    },
  ];
}

export const ASK_FOR_CODE = 'sign-in-code';

export function codeCheck(email: string): Check {
  return {
    id: ASK_FOR_CODE,
    request: post('/api/auth/email', { email }),
    judge: (answer) => below400(answer) ?? expected('a challenge', challengeOf(answer) !== undefined, answer),
  };
}

export const VERIFY = 'sign-in';

export function verifyCheck(code: string, challenge: string): Check {
  return {
    id: VERIFY,
    request: post('/api/auth/verify', { code, challenge_id: challenge }),
    judge: (answer) => below400(answer) ?? expected('an access token', tokenOf(answer) !== undefined, answer),
  };
}

export function challengeOf(answer: Answer): string | undefined {
  return textIn(readRecord(answer), 'challengeId');
}

export function tokenOf(answer: Answer): string | undefined {
  return textIn(readRecord(answer), 'token');
}

function judgePolicy(answer: Answer, wanted: boolean): Objection {
  const { allowed, denied_reasons: reasons } = dataOf(answer) ?? {};
  return below400(answer) ?? expected(`allowed ${wanted}`, allowed === wanted, answer, { allowed, reasons });
}

function expected(what: string, isThere: boolean, { status }: Answer, shown: object = {}): Objection {
  if (isThere) return undefined;
  const given = Object.entries(shown).map(
    ([name, value]) => `${name} ${cleanLine(JSON.stringify(value) ?? 'missing', 80)}`,
  );
  return { expected: what, got: [`status ${status}`, ...given].join(', ') };
}

function post(path: string, body: object, headers: Headers = {}): Check['request'] {
  return {
    method: 'POST',
    path,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}

function dataOf(answer: Answer): Record<string, unknown> | undefined {
  const data = readRecord(answer)?.data;
  return isRecord(data) ? data : undefined;
}

function textIn(record: Record<string, unknown> | undefined, name: string): string | undefined {
  const value = record?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
