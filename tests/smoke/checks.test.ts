import assert from 'node:assert/strict';
import { createServer, type OutgoingHttpHeaders } from 'node:http';
import { describe, test } from 'node:test';
import { Secret } from '@deploy/cli';
import { isOutOfReach, runControlSmoke, runHealthSmoke, type SmokeOutcome } from '@deploy/smoke';
import { recordedService, type Scenario } from '../support/recorded-service.ts';
import { refusingAddress } from '../support/refusing-address.ts';
import { listening } from './misbehaving/case.ts';

// What each check asks, and which answers it takes: in this process, against a real server, so that hundreds of answers
// take a second. The scripts around it are tested in control.test.ts.

const OPTIONS = { timeoutMs: 30_000, retries: 0, script: 'smoke-control', env: {} };
const GOOD = 'openagents.webshell.v2';

async function control(scenario: Scenario, token?: string) {
  await using service = await recordedService(scenario);
  const accessToken = token === undefined ? undefined : new Secret(token);
  const outcome = await runControlSmoke({
    ...OPTIONS,
    baseUrl: service.url,
    accessToken,
    bypassToken: undefined,
  });
  return { outcome, seen: service.seen };
}

type Reply = { status?: number; headers?: OutgoingHttpHeaders; body?: string };

/** Answers every path as given, and else as a healthy service does. */
async function controlWith(replies: Record<string, Reply>): Promise<SmokeOutcome> {
  const healthy: Record<string, Reply> = {
    '/manifest.json': { headers: { 'cache-control': 'no-cache' }, body: `{"manifestVersion":"${GOOD}"}` },
    '/sw.js': { headers: { 'cache-control': 'no-cache' } },
  };
  const server = createServer(({ url = '' }, response) => {
    const { status = 200, headers = {}, body = '' } = replies[url] ?? healthy[url] ?? {};
    response.writeHead(status, headers).end(body);
  });
  const { port, ...served } = await listening(server);
  await using _ = served;
  const baseUrl = `http://127.0.0.1:${port}`;
  return await runControlSmoke({ ...OPTIONS, baseUrl, accessToken: undefined, bypassToken: undefined });
}

/** `passed`, what was expected and got, or why it was left out. */
function said({ checks }: SmokeOutcome, id: string): string | undefined {
  const check = checks.find((each) => each.id === id);
  switch (check?.state) {
    case undefined:
      return undefined;
    case 'passed':
      return 'passed';
    case 'failed':
      return `${check.expected} / ${check.got}`;
    case 'skipped':
      return `skipped: ${check.why}`;
  }
}

describe('every check', () => {
  test('asks for its own path, and sends the token only to the routes that need it', async () => {
    const { outcome, seen } = await control({}, 'tok-good');
    assert.deepEqual(
      outcome.checks.map(({ id, state }) => `${id} ${state}`),
      [
        'readiness passed',
        'health passed',
        'control-status passed',
        'manifest passed',
        'manifest-cache passed',
        'service-worker-cache passed',
        'entry-cache passed',
        'auth-session passed',
        'auth-session-v1 passed',
        'sync-token passed',
        'sync-token-v1 passed',
      ],
    );
    assert.equal(outcome.state, 'passed');
    assert.deepEqual(outcome.bestEffort, ['health']);
    const asked = seen.map(({ method, path, auth, type, body }) =>
      [method, path, auth, type, body].join(' '),
    );
    const session = 'Bearer tok-good';
    const scopes = 'application/json {"scopes":["runtime.codex_worker_events"]}';
    assert.deepEqual(asked.toSorted(), [
      `GET /api/auth/session ${session}  `,
      `GET /api/v1/auth/session ${session}  `,
      `GET /api/v1/control/status ${session}  `,
      'GET /healthz   ',
      'GET /manifest.json   ',
      'GET /readyz   ',
      'HEAD /assets/openagents_web_shell.js   ',
      'HEAD /manifest.json   ',
      'HEAD /sw.js   ',
      `POST /api/sync/token ${session} ${scopes}`,
      `POST /api/v1/sync/token ${session} ${scopes}`,
    ]);
  });

  test('without a token leaves out what needs one', async () => {
    const { outcome, seen } = await control({});
    assert.equal(outcome.state, 'passed');
    assert.ok(seen.every(({ auth, method }) => auth === null && method !== 'POST'));
    assert.equal(seen.length, 7);
    assert.equal(said(outcome, 'auth-session'), undefined);
  });
});

describe('a status', () => {
  for (const [name, status, token, expected] of [
    ['readyz', 399, undefined, ['readiness', 'passed']],
    ['readyz', 400, undefined, ['readiness', 'a status below 400 / status 400']],
    ['healthz', 400, undefined, ['health', 'a status below 400 / status 400']],
    ['control_status', 200, undefined, ['control-status', 'passed']],
    ['control_status', 401, undefined, ['control-status', 'passed']],
    ['control_status', 302, undefined, ['control-status', 'status 200 or 401 / status 302']],
    ['control_status', 399, 'tok-good', ['control-status', 'passed']],
    ['control_status', 401, 'tok-good', ['control-status', 'a status below 400 / status 401']],
    ['session', 399, 'tok-good', ['auth-session-v1', 'passed']],
    ['session', 400, 'tok-good', ['auth-session', 'a status below 400 / status 400']],
    ['session', 400, 'tok-good', ['auth-session-v1', 'a status below 400 / status 400']],
    ['session', 400, 'tok-good', ['sync-token', 'skipped: a check before it failed']],
    ['sync', 399, 'tok-good', ['sync-token', 'passed']],
    ['sync', 400, 'tok-good', ['sync-token', 'a status below 400 / status 400']],
    ['sync', 400, 'tok-good', ['sync-token-v1', 'a status below 400 / status 400']],
    ['manifest_status', 400, undefined, ['manifest', 'a status below 400 / status 400']],
    [
      'manifest_status',
      400,
      undefined,
      [
        'manifest-cache',
        'cache-control with no-cache / status 400, cache-control: no-cache, no-store, must-revalidate',
      ],
    ],
    ['manifest_status', 399, undefined, ['manifest-cache', 'passed']],
  ] as const) {
    test(`${status} for ${name}${token ? ' with a token' : ''}: ${expected.join(' ')}`, async () => {
      const { outcome } = await control({ [name]: status }, token);
      const [id, what] = expected;
      assert.equal(said(outcome, id), what);
      const isDecisive = what !== 'passed' && id !== 'health';
      assert.equal(outcome.state, isDecisive ? 'failed' : 'passed');
    });
  }
});

describe('the manifest', () => {
  const version = (shown: string) => `manifestVersion ${GOOD} / manifestVersion ${shown}`;
  for (const [body, expected] of [
    [`{"manifestVersion":"${GOOD}"}`, 'passed'],
    ['{"manifestVersion":"openagents.webshell.v3"}', version('"openagents.webshell.v3"')],
    ['{"manifestVersion":2}', version('2')],
    ['{"manifestVersion":null}', version('null')],
    [`{"manifestVersion":"${'x'.repeat(99)}"}`, version(`"${'x'.repeat(79)}…`)],
    ['{}', version('missing')],
    ['[]', version('missing')],
    ['null', version('missing')],
    ['"text"', version('missing')],
    ['', version('missing')],
    ['<!doctype html>', version('missing')],
  ] as const) {
    test(`${body.slice(0, 40) || 'of nothing'}: ${expected.slice(0, 80)}`, async () => {
      const outcome = await controlWith({
        '/manifest.json': { headers: { 'cache-control': 'no-cache' }, body },
      });
      assert.equal(said(outcome, 'manifest'), expected);
    });
  }

  for (const [entry, expected] of [
    ['{"js":""}', undefined],
    ['{"js":7}', undefined],
    ['{}', undefined],
    ['[]', undefined],
    ['null', undefined],
    ['"app.js"', undefined],
    ['{"js":"app.js"}', 'HEAD /app.js'],
    ['{"js":"///app.js"}', 'HEAD /app.js'],
    ['{"js":"\\\\\\\\app.js"}', 'HEAD /app.js'],
    ['{"js":"a/../app.js"}', 'HEAD /app.js'],
  ] as const) {
    test(`with the entry ${entry} has ${expected ?? 'no script to ask for'}`, async () => {
      const body = `{"manifestVersion":"${GOOD}","entry":${entry}}`;
      const outcome = await controlWith({
        '/manifest.json': { headers: { 'cache-control': 'no-cache' }, body },
      });
      const check = outcome.checks.find(({ id }) => id === 'entry-cache');
      if (expected === undefined)
        assert.equal(said(outcome, 'entry-cache'), 'skipped: the manifest names no entry script');
      else assert.ok(check?.state === 'failed' && check.request === expected, JSON.stringify(check));
    });
  }
});

describe('a cache policy', () => {
  const entry = (wanted: string, got: string) =>
    `cache-control with ${wanted} / status 200, cache-control: ${got}`;
  for (const [scenario, id, expected] of [
    [{ manifest_cache: 'NO-CACHE' }, 'manifest-cache', 'passed'],
    [{ manifest_cache: 'public' }, 'manifest-cache', entry('no-cache', 'public')],
    [{ sw_cache: 'No-Cache, private' }, 'service-worker-cache', 'passed'],
    [{ sw_cache: 'max-age=1' }, 'service-worker-cache', entry('no-cache', 'max-age=1')],
    [{ js: 'app.js', js_cache: 'max-age=5' }, 'entry-cache', 'passed'],
    [{ js: 'app.js', js_cache: 'immutable' }, 'entry-cache', entry('max-age=', 'immutable')],
    [{ js: 'app-0123abcd.js', js_cache: 'Immutable' }, 'entry-cache', 'passed'],
    [{ js: 'app-0123abcd.js', js_cache: 'max-age=5' }, 'entry-cache', entry('immutable', 'max-age=5')],
    [{ js: 'app-DEADBEEF99.js', js_cache: 'max-age=5' }, 'entry-cache', entry('immutable', 'max-age=5')],
    [{ js: 'app-0123abc.js', js_cache: 'max-age=5' }, 'entry-cache', 'passed'],
    // Digits of an escape are no part of a hash; those of a query neither.
    [{ js: 'a-0123ab%20cd.js', js_cache: 'max-age=5' }, 'entry-cache', 'passed'],
    [{ js: 'app.js?v=0123abcd', js_cache: 'max-age=5' }, 'entry-cache', 'passed'],
    // What cannot be decoded is taken as it stands.
    [{ js: '0123abcd%ff.js', js_cache: 'max-age=5' }, 'entry-cache', entry('immutable', 'max-age=5')],
  ] as const) {
    test(`${JSON.stringify(scenario)}: ${expected}`, async () => {
      const { outcome } = await control(scenario);
      assert.equal(said(outcome, id), expected);
    });
  }

  test('that is missing is told', async () => {
    const outcome = await controlWith({ '/sw.js': {} });
    assert.equal(
      said(outcome, 'service-worker-cache'),
      'cache-control with no-cache / status 200, no cache-control',
    );
  });

  test('of a script that is missing does not count', async () => {
    const { outcome } = await control({ js: 'app.js', js_status: 400, js_cache: 'max-age=5' });
    assert.equal(
      said(outcome, 'entry-cache'),
      'cache-control with max-age= / status 400, cache-control: max-age=5',
    );
  });
});

describe('the bypass of a maintenance window', () => {
  const inWindow = async (scenario: Scenario) => {
    await using service = await recordedService({ maintenance: true, ...scenario });
    const outcome = await runControlSmoke({
      ...OPTIONS,
      baseUrl: service.url,
      accessToken: new Secret('tok-good'),
      bypassToken: new Secret('let-me-in'),
    });
    return { outcome, seen: service.seen };
  };

  test('goes first, token and all, and its cookie goes with everything after it', async () => {
    const { outcome, seen } = await inWindow({});
    assert.equal(outcome.state, 'passed');
    assert.equal(said(outcome, 'maintenance-bypass'), 'passed');
    assert.equal(seen[0]?.path, '/?maintenance_bypass=let-me-in');
    assert.equal(seen[0]?.method, 'GET');
    assert.ok(seen.slice(1).every(({ cookie }) => cookie === 'oa_maintenance_bypass=signed.value'));
  });

  test('that is refused ends the run', async () => {
    await using service = await recordedService({ maintenance: true });
    const outcome = await runControlSmoke({
      ...OPTIONS,
      baseUrl: service.url,
      accessToken: undefined,
      bypassToken: new Secret('let-me-out'),
    });
    assert.equal(outcome.state, 'failed');
    assert.equal(service.seen.length, 1);
    assert.equal(said(outcome, 'maintenance-bypass'), 'a status below 400 / status 503');
    assert.equal(outcome.checks.length, 1);
    assert.ok(!JSON.stringify(outcome).includes('let-me-out'));
  });
});

describe('what a check says', () => {
  const HEALTH = { ...OPTIONS, script: 'smoke-health' };
  const healthWith = async (reply: Reply) => {
    const server = createServer((_, response) => {
      response.writeHead(reply.status ?? 200, reply.headers ?? {}).end(reply.body ?? '');
    });
    const { port, ...served } = await listening(server);
    await using _ = served;
    const { checks } = await runHealthSmoke({ ...HEALTH, baseUrl: `http://127.0.0.1:${port}` });
    const check = checks.find(({ id }) => id === 'readiness');
    assert.ok(check !== undefined && check.state !== 'skipped');
    return check;
  };
  const noteOf = async (reply: Reply) => {
    const check = await healthWith(reply);
    return check.state === 'passed' ? check.note : check.state;
  };

  test('without an answer is why there was none', async () => {
    await using nobody = await refusingAddress();
    const { checks, state } = await runHealthSmoke({ ...HEALTH, baseUrl: nobody.url });
    assert.equal(state, 'failed');
    const [check] = checks;
    assert.ok(check?.state === 'failed');
    assert.equal(check.status, undefined);
    assert.equal(check.expected, 'an answer');
    assert.match(check.got, /refused/);
    assert.equal(check.request, 'GET /healthz');
    assert.ok(check.attempts === 1 && check.durationMs >= 0);
  });

  test('of a redirect to another host, which was not checked', async () => {
    const elsewhere = { location: 'https://login.example.com/x?secret' };
    const note = 'it redirects to another host, login.example.com, which was not checked';
    assert.equal(await noteOf({ status: 302, headers: elsewhere }), note);
    assert.equal(await noteOf({ status: 300, headers: elsewhere }), note);
    assert.equal(await noteOf({ status: 299, headers: elsewhere }), undefined);
    assert.equal(await noteOf({ status: 302 }), undefined);
    for (const location of ['/login', 'login', 'http://127.0.0.1:9/x', 'http://['])
      assert.equal(await noteOf({ status: 302, headers: { location } }), undefined);
  });

  test('of a body that was not expected is its start, without blanks', async () => {
    const excerptOf = async (body: string) => {
      const check = await healthWith({ status: 500, body });
      return check.state === 'failed' ? check.bodyExcerpt : check.state;
    };
    assert.equal(await excerptOf(''), undefined);
    assert.equal(await excerptOf(' \n'), undefined);
    assert.equal(await excerptOf(' what went wrong\n'), 'what went wrong');
    assert.equal(await excerptOf('😀'.repeat(301)), '😀'.repeat(300));
  });

  test('how long a run took, and that its requests had no query', async () => {
    await using service = await recordedService({ maintenance: true });
    const { checks, durationMs } = await runControlSmoke({
      ...OPTIONS,
      baseUrl: service.url,
      accessToken: undefined,
      bypassToken: new Secret('let-me-in'),
    });
    const [bypass] = checks;
    assert.ok(bypass?.state === 'passed' && bypass.request === 'GET /');
    assert.ok(durationMs >= bypass.durationMs && durationMs < 60_000, String(durationMs));
  });
});

test('the health suite asks for health and readiness, and both count', async () => {
  for (const [scenario, state] of [
    [{}, 'passed'],
    [{ healthz: 399, readyz: 399 }, 'passed'],
    [{ healthz: 400 }, 'failed'],
    [{ readyz: 400 }, 'failed'],
  ] as const) {
    await using service = await recordedService(scenario);
    const outcome = await runHealthSmoke({ ...OPTIONS, script: 'smoke-health', baseUrl: service.url });
    assert.equal(outcome.state, state, JSON.stringify(scenario));
    assert.deepEqual(service.seen.map(({ method, path }) => `${method} ${path}`).toSorted(), [
      'GET /healthz',
      'GET /readyz',
    ]);
  }
});

describe('whether any request got to the service', { concurrency: 6 }, () => {
  const html = { 'content-type': 'text/html; charset=UTF-8' };
  const everywhere = (reply: Reply) =>
    Object.fromEntries(
      ['/readyz', '/healthz', '/api/v1/control/status', '/manifest.json', '/sw.js'].map((path) => [
        path,
        reply,
      ]),
    );
  for (const [what, reply, is] of [
    ['a page with 404', { status: 404, headers: html, body: '<h1>Error: Page not found</h1>' }, true],
    ['a page with 403', { status: 403, headers: html, body: '<h1>Error: Forbidden</h1>' }, true],
    ['a page with 503', { status: 503, headers: html, body: '<h1>Service Unavailable</h1>' }, false],
    ['a 404 without a page', { status: 404, headers: { 'content-type': 'application/json' } }, false],
  ] as const) {
    test(`${what} in place of every answer: ${is ? 'no' : 'perhaps'}`, async () => {
      assert.equal(isOutOfReach(await controlWith(everywhere(reply))), is);
    });
  }

  test('a page with 404 in place of one answer: yes', async () => {
    assert.equal(isOutOfReach(await controlWith({ '/readyz': { status: 404, headers: html } })), false);
  });

  test('a connection that is refused: no; one that is cut, or an answer that does not come: perhaps', async () => {
    const run = (baseUrl: string, timeoutMs = 30_000) =>
      runControlSmoke({ ...OPTIONS, timeoutMs, baseUrl, accessToken: undefined, bypassToken: undefined });
    await using nobody = await refusingAddress();
    assert.equal(isOutOfReach(await run(nobody.url)), true);
    for (const answer of [(cut: () => void) => cut(), () => {}]) {
      const { port, ...served } = await listening(
        createServer(({ socket }) => answer(() => socket.destroy())),
      );
      await using _ = served;
      assert.equal(isOutOfReach(await run(`http://127.0.0.1:${port}`, 1000)), false);
    }
  });
});
