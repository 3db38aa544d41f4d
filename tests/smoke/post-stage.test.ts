import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { Secret } from '@deploy/cli';
import { runPostStageChecks, type SmokeOutcome, whySkipped } from '@deploy/smoke';
import { controlService } from '../support/control-service.ts';
import { listening } from './misbehaving/case.ts';

const TOKEN = 'oa_at_00000000000000000000000000000001';
const MOCK = { OA_AUTH_PROVIDER_MODE: 'mock', OA_SYNC_TOKEN_SIGNING_KEY: 'signing-key' };
const SIGN_IN = { email: 'operator@example.com', code: new Secret('123456') };

type Service = Parameters<typeof controlService>[0];
type Login = Partial<Pick<Parameters<typeof runPostStageChecks>[0], 'accessToken' | 'signIn'>>;

async function checked(service: Service, login: Login): Promise<SmokeOutcome> {
  await using running = await controlService({ env: MOCK, ...service });
  return await runPostStageChecks({
    ...{ baseUrl: running.url, timeoutMs: 15_000, retries: 0, script: 'test', env: {} },
    ...{ accessToken: undefined, signIn: undefined, isOneInstance: true },
    ...login,
  });
}

const failed = ({ checks }: SmokeOutcome) =>
  checks.flatMap((check) => (check.state === 'failed' ? `${check.id}: ${check.expected}; ${check.got}` : []));

describe('the checks after a stage', { concurrency: 4 }, () => {
  const all = [
    'session',
    'sync-token',
    'route-split-status',
    'evaluate-login',
    'evaluate-onboarding-checklist',
    'evaluate-l402-paywalls',
    'policy-allow',
    'policy-deny',
  ];

  test('pass with a token that the service issued', async () => {
    const outcome = await checked({ behaviour: { accessToken: TOKEN } }, { accessToken: new Secret(TOKEN) });
    assert.deepEqual(
      outcome.checks.map(({ id, state }) => [id, state]),
      all.map((id) => [id, 'passed']),
    );
    assert.equal(whySkipped(outcome), undefined);
  });

  test('sign in at the service itself, and show nothing that it issued', async () => {
    const outcome = await checked({}, { accessToken: new Secret('of-another-revision'), signIn: SIGN_IN });
    assert.deepEqual(
      outcome.checks.map(({ id, state }) => [id, state]),
      ['sign-in-code', 'sign-in', ...all].map((id) => [id, 'passed']),
    );
    assert.doesNotMatch(JSON.stringify(outcome), /oa_[ar]t_|challenge_|eyJ|123456/);
  });

  test('are skipped with a token from elsewhere, which is no failure', async () => {
    const outcome = await checked({}, { accessToken: new Secret('of-another-revision') });
    assert.equal(outcome.state, 'passed');
    assert.deepEqual(
      outcome.checks.map(({ id }) => id),
      all,
    );
    assert.match(whySkipped(outcome) ?? '', /^the access token was not issued by this revision \(401\)/);
  });

  test('are skipped without any login', async () => {
    assert.match(whySkipped(await checked({}, {})) ?? '', /are unset$/);
  });

  const rows: [name: string, service: Service, fails: RegExp][] = [
    ['a wrong code', { env: { ...MOCK, OA_AUTH_MOCK_MAGIC_CODE: '654321' } }, /^sign-in: .*status 422/],
    ['no way to sign in', { env: { OA_AUTH_PROVIDER_MODE: 'workos' } }, /^sign-in-code: .*status 503/],
    ['a session that is not known', statuses('/api/auth/session', 401), /^session: .*status 401/],
    ['no sync tokens', { env: { ...MOCK, OA_SYNC_TOKEN_ENABLED: 'false' } }, /^sync-token: .*status 503/],
    [
      'a route split without its status',
      statuses('/api/v1/control/route-split/status', 200),
      /^route-split-status: a route split with its mode; status 200$/,
    ],
    [
      'pages that go to the legacy host',
      { env: { ...MOCK, OA_ROUTE_SPLIT_MODE: 'legacy' } },
      /^evaluate-login: target rust_shell for \/login; status 200, target "legacy", reason "mode_legacy"\nevaluate-onboarding-checklist: .*\nevaluate-l402-paywalls: /,
    ],
    [
      'a policy that says neither yes nor no',
      statuses('/api/policy/authorize', 200),
      /^policy-allow: allowed true; .*\npolicy-deny: allowed false; /,
    ],
  ];
  for (const [name, service, fails] of rows) {
    test(`fail with ${name}`, async () => {
      const outcome = await checked(service, { signIn: SIGN_IN });
      assert.equal(outcome.state, 'failed');
      assert.match(failed(outcome).join('\n'), fails);
      assert.doesNotMatch(JSON.stringify(outcome), /oa_[ar]t_|challenge_|eyJ|123456/);
    });
  }
});

function statuses(path: string, status: number): Service {
  return { behaviour: { statuses: { [path]: status } } };
}

// What each check asks, and which answers it takes: against a server that gives any answer.
type Reply = { status?: number; body?: string };
type Asked = {
  method: string;
  path: string;
  auth: string | undefined;
  type: string | undefined;
  body: string;
};

const HEALTHY: Record<string, object> = {
  '/api/auth/email': { challengeId: 'challenge_1' },
  '/api/auth/verify': { token: TOKEN },
  '/api/v1/control/route-split/status': { data: { mode: 'rust' } },
  '/api/v1/control/route-split/evaluate': { data: { target: 'rust_shell' } },
};

/** Answers every path as given, and else as a healthy service does. */
async function answered(replies: Record<string, Reply>, login: Login = { signIn: SIGN_IN }) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const body = await text(request);
    asked.push({ method, path: url, auth: headers.authorization, type: headers['content-type'], body });
    const healthy =
      url === '/api/policy/authorize' ? { data: { allowed: !body.includes('org_id') } } : HEALTHY[url];
    const { status = 200, body: given = JSON.stringify(healthy ?? {}) } = replies[url] ?? {};
    response.writeHead(status).end(given);
  });
  const { port, ...served } = await listening(server);
  await using _ = served;
  const outcome = await runPostStageChecks({
    ...{ baseUrl: `http://127.0.0.1:${port}`, timeoutMs: 30_000, retries: 0, script: 'test', env: {} },
    ...{ accessToken: undefined, signIn: undefined, isOneInstance: true },
    ...login,
  });
  return { outcome, asked };
}

test('each check after a stage asks its own question, as the one who signed in', async () => {
  const { outcome, asked } = await answered({});
  assert.equal(outcome.state, 'passed');
  const json = 'application/json';
  const evaluated = (path: string) =>
    `POST /api/v1/control/route-split/evaluate Bearer ${TOKEN} ${json} {"path":"${path}"}`;
  const said = asked.map(({ method, path, auth, type, body }) =>
    [method, path, auth, type, body].join(' ').trim(),
  );
  assert.deepEqual(said.slice(0, 3), [
    `POST /api/auth/email  ${json} {"email":"operator@example.com"}`,
    `POST /api/auth/verify  ${json} {"code":"123456","challenge_id":"challenge_1"}`,
    `GET /api/auth/session Bearer ${TOKEN}`,
  ]);
  assert.deepEqual(
    said.slice(3).toSorted(),
    [
      `POST /api/sync/token Bearer ${TOKEN} ${json} {"scopes":["runtime.codex_worker_events"]}`,
      `GET /api/v1/control/route-split/status Bearer ${TOKEN}`,
      evaluated('/login'),
      evaluated('/onboarding/checklist'),
      evaluated('/l402/paywalls'),
      `POST /api/policy/authorize Bearer ${TOKEN} ${json} {"required_scopes":["runtime.read"]}`,
      `POST /api/policy/authorize Bearer ${TOKEN} ${json} {"org_id":"org:not-of-this-session","required_scopes":["runtime.read"]}`,
    ].toSorted(),
  );
});

/**
 * A revision with two instances, of which each knows only the challenges and sessions that it issued. They take turns,
 * except that session affinity keeps a client at the instance that its cookie names.
 */
async function twoInstances({ hasAffinity }: { hasAffinity: boolean }, login: Login = { signIn: SIGN_IN }) {
  let turn = 0;
  const server = createServer(async (request, response) => {
    const { url = '', headers } = request;
    const held = hasAffinity ? /GAESA=(\d)/.exec(headers.cookie ?? '')?.[1] : undefined;
    const instance = held ?? String(turn++ % 2);
    const body = await text(request);
    if (hasAffinity) response.setHeader('set-cookie', `GAESA=${instance}; Path=/; HttpOnly`);
    const answer = (status: number, json: object) => response.writeHead(status).end(JSON.stringify(json));
    if (url === '/api/auth/email') return answer(200, { challengeId: `challenge_${instance}` });
    if (url === '/api/auth/verify')
      return body.includes(`challenge_${instance}`)
        ? answer(200, { token: `${TOKEN}${instance}` })
        : answer(422, { message: 'sign-in code expired' });
    if (headers.authorization !== `Bearer ${TOKEN}${instance}`) return answer(401, {});
    const data = { allowed: !body.includes('org_id') };
    return answer(200, url === '/api/policy/authorize' ? { data } : (HEALTHY[url] ?? {}));
  });
  const { port, ...served } = await listening(server);
  await using _ = served;
  return await runPostStageChecks({
    ...{ baseUrl: `http://127.0.0.1:${port}`, timeoutMs: 30_000, retries: 0, script: 'test', env: {} },
    ...{ accessToken: undefined, signIn: undefined, isOneInstance: hasAffinity },
    ...login,
  });
}

describe('at a revision with two instances', () => {
  test('session affinity keeps the checks at the one that they signed in to', async () => {
    const outcome = await twoInstances({ hasAffinity: true });
    assert.deepEqual(failed(outcome), []);
    assert.ok(outcome.checks.every(({ state }) => state === 'passed'));
  });

  const logins: [name: string, login: Login][] = [
    ['a sign-in', { signIn: SIGN_IN }],
    ['the token of one of them', { accessToken: new Secret(`${TOKEN}0`) }],
  ];
  for (const [name, login] of logins) {
    test(`without session affinity, ${name} that the other one does not know is no failure`, async () => {
      const outcome = await twoInstances({ hasAffinity: false }, login);
      assert.deepEqual(failed(outcome), []);
      assert.match(whySkipped(outcome) ?? '', /another instance .* no session affinity$/);
    });
  }
});

describe('of the answers to the checks after a stage', { concurrency: 4 }, () => {
  const STATUS = '/api/v1/control/route-split/status';
  const EVALUATE = '/api/v1/control/route-split/evaluate';
  const POLICY = '/api/policy/authorize';
  const pages = ['login', 'onboarding-checklist', 'l402-paywalls'];
  const mode = (got: string) => [`route-split-status: a route split with its mode; status ${got}`];
  const target = (got: string) =>
    ['/login', '/onboarding/checklist', '/l402/paywalls'].map(
      (path, i) => `evaluate-${pages[i]}: target rust_shell for ${path}; status 200, ${got}`,
    );
  const policy = (got: string, wanted: readonly boolean[] = [true, false]) =>
    wanted.map((each) => `policy-${each ? 'allow' : 'deny'}: allowed ${each}; status 200, ${got}`);
  const refused = (ids: readonly string[]) => ids.map((id) => `${id}: a status below 400; status 400`);

  const rows: [path: string, reply: Reply, fails: string[]][] = [
    [STATUS, { body: '{"data":{"mode":"legacy"}}' }, []],
    [STATUS, { status: 399, body: '{"data":{"mode":""}}' }, []],
    [STATUS, { status: 400, body: '{"data":{"mode":"rust"}}' }, refused(['route-split-status'])],
    ...[
      '{"data":{"mode":7}}',
      '{"data":{}}',
      '{"data":null}',
      '{"data":["mode"]}',
      '{"data":"mode"}',
      '{}',
    ].map((body): [string, Reply, string[]] => [STATUS, { status: 201, body }, mode('201')]),
    ...['[]', 'null', '7', '', '<!doctype html>'].map((body): [string, Reply, string[]] => [
      STATUS,
      { body },
      mode('200'),
    ]),
    [EVALUATE, { body: '{"data":{"target":"rust_shell","reason":"any"}}' }, []],
    [
      EVALUATE,
      { status: 400, body: '{"data":{"target":"rust_shell"}}' },
      refused(pages.map((page) => `evaluate-${page}`)),
    ],
    [
      EVALUATE,
      { body: '{"data":{"target":"legacy","reason":["a"]}}' },
      target('target "legacy", reason ["a"]'),
    ],
    [EVALUATE, { body: '{"data":[]}' }, target('target missing, reason missing')],
    [
      EVALUATE,
      { body: `{"data":{"target":"${'x'.repeat(99)}","reason":null}}` },
      target(`target "${'x'.repeat(79)}…, reason null`),
    ],
    [POLICY, { status: 400, body: '{"data":{"allowed":true}}' }, refused(['policy-allow', 'policy-deny'])],
    [POLICY, { body: '{"data":{"allowed":true}}' }, policy('allowed true, reasons missing', [false])],
    [
      POLICY,
      { body: '{"data":{"allowed":false,"denied_reasons":["scope"]}}' },
      policy('allowed false, reasons ["scope"]', [true]),
    ],
    [POLICY, { body: '{"data":{"allowed":"true"}}' }, policy('allowed "true", reasons missing')],
    [POLICY, { body: '{}' }, policy('allowed missing, reasons missing')],
    ['/api/auth/session', { status: 399 }, []],
    ['/api/auth/session', { status: 400 }, refused(['session'])],
    ['/api/sync/token', { status: 400 }, refused(['sync-token'])],
    ['/api/auth/email', { status: 400, body: '{"challengeId":"challenge_1"}' }, refused(['sign-in-code'])],
    ...['{"challengeId":""}', '{"challengeId":7}', '{}', '["challengeId"]', 'null', 'nothing'].map(
      (body): [string, Reply, string[]] => [
        '/api/auth/email',
        { status: 202, body },
        ['sign-in-code: a challenge; status 202'],
      ],
    ),
    ['/api/auth/verify', { status: 400, body: `{"token":"${TOKEN}"}` }, refused(['sign-in'])],
    ...['{"token":""}', '{"token":7}', '{}', 'nothing'].map((body): [string, Reply, string[]] => [
      '/api/auth/verify',
      { status: 202, body },
      ['sign-in: an access token; status 202'],
    ]),
  ];
  for (const [path, reply, fails] of rows) {
    const { status = 200, body = '' } = reply;
    test(`${status} ${body.slice(0, 60)} for ${path} ${fails.length === 0 ? 'is good' : 'is not'}`, async () => {
      const { outcome } = await answered({ [path]: reply });
      assert.deepEqual(failed(outcome), fails);
      assert.equal(outcome.state, fails.length === 0 ? 'passed' : 'failed');
    });
  }
});
