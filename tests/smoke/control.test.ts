import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, mkdtempDisposable, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runScript } from '../support/hosted-script.ts';
import { recordedService, type Scenario } from '../support/recorded-service.ts';

const TOKEN = { OPENAGENTS_CONTROL_ACCESS_TOKEN: 'tok-good' };

async function smoke(scenario: Scenario, env: Record<string, string> = {}) {
  await using service = await recordedService(scenario);
  const run = await runScript('smoke-control', [], {
    env: { OPENAGENTS_BASE_URL: service.url, ...env },
  });
  return { ...run, seen: service.seen, url: service.url };
}

describe('each check passes and fails as the contract says', () => {
  const cases: { name: string; scenario: Scenario; env?: Record<string, string>; fails?: RegExp }[] = [
    { name: 'readiness below 400', scenario: { readyz: 399 } },
    {
      name: 'readiness 400',
      scenario: { readyz: 400 },
      fails: /^error: readiness: GET http\S+\/readyz: expected a status below 400, got status 400$/m,
    },
    { name: 'health only informs', scenario: { healthz: 500 } },
    { name: 'control status 200 without a token', scenario: { control_status: 200 } },
    {
      name: 'control status 302 without a token',
      scenario: { control_status: 302 },
      fails: /control-status: .*expected status 200 or 401, got status 302/,
    },
    {
      name: 'control status 401 with a token',
      scenario: { control_status: 401 },
      env: TOKEN,
      fails: /control-status: .*expected a status below 400, got status 401/,
    },
    { name: 'manifest 404', scenario: { manifest_status: 404 }, fails: /manifest: .*got status 404/ },
    {
      name: 'manifest version',
      scenario: { manifest_version: 'v3' },
      fails: /manifest: .*got manifestVersion "v3"/,
    },
    { name: 'manifest cache in any case', scenario: { manifest_cache: 'No-Cache' } },
    {
      name: 'manifest cache',
      scenario: { manifest_cache: 'public' },
      fails:
        /manifest-cache: HEAD .*expected cache-control with no-cache, got status 200, cache-control: public/,
    },
    {
      name: 'service worker cache',
      scenario: { sw_cache: 'max-age=1' },
      fails: /service-worker-cache: HEAD .*sw\.js/,
    },
    {
      name: 'service worker missing',
      scenario: { sw_status: 404 },
      fails: /service-worker-cache: .*status 404/,
    },
    { name: 'plain entry', scenario: { js: 'assets/app.js', js_cache: 'max-age=5' } },
    {
      name: 'plain entry that is not cached',
      scenario: { js_cache: 'no-store' },
      fails: /entry-cache: .*expected cache-control with max-age=/,
    },
    { name: 'hashed entry', scenario: { js: 'assets/app-DEADBEEF.js', js_cache: 'IMMUTABLE' } },
    {
      name: 'hashed entry that may change',
      scenario: { js: 'assets/app-deadbeef.js', js_cache: 'max-age=60' },
      fails: /entry-cache: .*expected cache-control with immutable/,
    },
    {
      name: 'seven hex digits are no hash',
      scenario: { js: 'assets/app-deadbee.js', js_cache: 'max-age=60' },
    },
    { name: 'session', scenario: { session: 500 }, env: TOKEN, fails: /auth-session: GET/ },
    { name: 'sync token', scenario: { sync: 503 }, env: TOKEN, fails: /sync-token: POST .*got status 503/ },
  ];
  for (const { name, scenario, env, fails } of cases) {
    test(`${name}: ${fails ? 'fails' : 'passes'}`, async () => {
      const run = await smoke(scenario, env);
      assert.equal(run.exitCode, fails ? 1 : 0, run.stderr);
      if (fails) assert.match(run.stderr, fails);
      else assert.equal(run.stderr, '');
    });
  }

  for (const [js, path] of [
    ['./assets/app.js', '/assets/app.js'],
    ['assets/a%20b.js', '/assets/a%20b.js'],
    ['assets/app.js?v=deadbeef99', '/assets/app.js?v=deadbeef99'],
    ['//elsewhere.example/app.js', '/elsewhere.example/app.js'],
  ] as const) {
    test(`the entry script ${js} is asked for as a browser would, and here`, async () => {
      const run = await smoke({ js, js_cache: 'max-age=5' });
      assert.doesNotMatch(run.stderr, /immutable/);
      assert.ok(
        run.seen.some((request) => request.method === 'HEAD' && request.path === path),
        run.seen.map((request) => request.path).join(' '),
      );
    });
  }

  test('a manifest without an entry script has that check left out', async () => {
    const run = await smoke({ js: '' });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.equal(run.seen.length, 6);
  });

  test("a manifest that names another origin's script does not lead there", async () => {
    const run = await smoke({ js: '//127.0.0.1:1/evil.js' });
    assert.equal(run.exitCode, 1);
    assert.ok(run.seen.some(({ path }) => path === '/127.0.0.1:1/evil.js'));
  });
});

describe('the base URL', () => {
  for (const slashes of ['/', '///']) {
    test(`loses its trailing slashes: ${slashes}`, async () => {
      await using service = await recordedService({});
      const run = await runScript('smoke-health', [], {
        env: { OPENAGENTS_BASE_URL: `${service.url}${slashes}` },
      });
      assert.equal(run.stdout, `ok: ${service.url}/healthz and ${service.url}/readyz\n`);
      assert.deepEqual(service.seen.map(({ path }) => path).sort(), ['/healthz', '/readyz']);
    });
  }

  for (const bad of [
    'localhost',
    'ftp://a',
    'http://user:hunter22@a',
    'http://a/?q=1',
    'http://a/#b',
    'http://a b',
    'http://a?',
    'http://a#',
    'http://@a',
    'http:\\\\a',
    'http:a',
  ]) {
    test(`${bad} is refused, without showing what may be a password`, async () => {
      const run = await runScript('smoke-control', [], { env: { OPENAGENTS_BASE_URL: bad } });
      assert.equal(run.exitCode, 1);
      assert.match(run.stderr, /^error: OPENAGENTS_BASE_URL is "/);
      assert.ok(!run.stderr.includes('hunter22'));
    });
  }
});

describe('tokens', () => {
  test('the access token goes to the routes that need it and nowhere else, and is never printed', async () => {
    const run = await smoke({ sync: 500 }, TOKEN);
    assert.deepEqual(
      run.seen
        .filter(({ auth }) => auth !== null)
        .map(({ path }) => path)
        .sort(),
      [
        '/api/auth/session',
        '/api/sync/token',
        '/api/v1/auth/session',
        '/api/v1/control/status',
        '/api/v1/sync/token',
      ],
    );
    assert.ok(!`${run.stdout}${run.stderr}`.includes('tok-good'));
  });

  test('nothing is minted on a service that has failed a check', async () => {
    const run = await smoke({ sw_status: 404 }, TOKEN);
    assert.ok(run.seen.every(({ method }) => method !== 'POST'));
  });

  test('a bypass token goes into the query as it is, once, and into no output', async () => {
    const token = 'let+me/in=~._-';
    const run = await smoke({ maintenance: true }, { OPENAGENTS_MAINTENANCE_BYPASS_TOKEN: token });
    assert.deepEqual(
      run.seen.map(({ path }) => path),
      [`/?maintenance_bypass=${token}`],
    );
    assert.equal(run.exitCode, 1);
    assert.ok(!`${run.stdout}${run.stderr}`.includes(token), run.stderr);
  });

  for (const token of ['a b-01234567', 'a&b-01234567', 'a#b-01234567', 'a%20-01234567']) {
    test(`a bypass token that cannot get through is refused unseen and unsent: ${token}`, async () => {
      const run = await smoke({}, { OPENAGENTS_MAINTENANCE_BYPASS_TOKEN: token });
      assert.equal(run.exitCode, 1);
      assert.match(run.stderr, /^error: OPENAGENTS_MAINTENANCE_BYPASS_TOKEN may hold only/);
      assert.ok(!run.stderr.includes(token));
      assert.equal(run.seen.length, 0);
    });
  }

  test('an access token that no header can carry is refused unseen and unsent', async () => {
    const run = await smoke({}, { OPENAGENTS_CONTROL_ACCESS_TOKEN: 'tok-0123456\r' });
    assert.equal(run.exitCode, 1);
    assert.match(
      run.stderr,
      /^error: OPENAGENTS_CONTROL_ACCESS_TOKEN contains a space, a line break .*\nGive the token alone/,
    );
    assert.ok(!run.stderr.includes('tok-0123456'));
    assert.equal(run.seen.length, 0);
  });
});

describe('hints', () => {
  const cases: { name: string; scenario: Scenario; env?: Record<string, string>; hint: RegExp }[] = [
    {
      name: '401 with a token',
      scenario: { session: 401 },
      env: TOKEN,
      hint: /sessions live in the service's memory/,
    },
    { name: '426', scenario: { control_status: 426 }, hint: /OA_COMPAT_CONTROL_ENFORCED/ },
    {
      name: "a maintenance window, with the token in the other script's variable",
      scenario: { maintenance: true },
      env: { MAINTENANCE_BYPASS_TOKEN: 'let-me-in-0123456789' },
      hint: /only MAINTENANCE_BYPASS_TOKEN is set.*OPENAGENTS_MAINTENANCE_BYPASS_TOKEN="\$MAINTENANCE_BYPASS_TOKEN"$/m,
    },
    {
      name: 'a maintenance window, with a token that is empty',
      scenario: { maintenance: true },
      env: { OPENAGENTS_MAINTENANCE_BYPASS_TOKEN: '' },
      hint: /OPENAGENTS_MAINTENANCE_BYPASS_TOKEN is set but empty/,
    },
    { name: '403 on the sync token', scenario: { sync: 403 }, env: TOKEN, hint: /active organisation/ },
  ];
  for (const { name, scenario, env, hint } of cases) {
    test(name, async () => assert.match((await smoke(scenario, env)).stderr, hint));
  }
});

describe('a service that answers in its own way', () => {
  async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void) {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  test("Google's own 404 on /healthz is told from the service's", async () => {
    await using service = await serve((request, response) => {
      const isReserved = request.url === '/healthz';
      response.writeHead(isReserved ? 404 : 200, { 'content-type': 'text/html; charset=UTF-8' });
      response.end('<html><title>Error 404 (Not Found)!!1</title></html>');
    });
    const run = await runScript('smoke-health', [], { env: { OPENAGENTS_BASE_URL: service.url } });
    assert.equal(run.exitCode, 1);
    const [error = '', hint = '', body = ''] = run.stderr.split('\n');
    assert.match(error, /^error: health: GET http\S+\/healthz: expected a status below 400, got status 404$/);
    assert.match(hint, /Google's front end answers \/healthz itself/);
    assert.match(body, /^body: <html>/);
  });

  for (const [whose, status, page, what] of [
    [
      "Google's own",
      404,
      '<h1>Error: Page not found</h1>',
      /^This page is not the service's.*takes requests only from inside \(its ingress setting\)/,
    ],
    [
      "Google's own",
      403,
      '<h2>Your client does not have permission to get URL <code>/readyz</code> from this server.</h2>',
      /^This page is Google's front end's.*does not let everybody in\. If it is to be public, give allUsers the role roles\/run\.invoker/,
    ],
    ["a firewall's", 403, '<h1>Blocked</h1>', /^body: <html>/],
  ] as const) {
    test(`${whose} ${status} on every path is told from the service's`, async () => {
      await using service = await serve((_, response) => {
        response.writeHead(status, { 'content-type': 'text/html; charset=UTF-8' });
        response.end(`<html>${page}</html>`);
      });
      const run = await runScript('smoke-control', [], { env: { OPENAGENTS_BASE_URL: service.url } });
      assert.equal(run.exitCode, 1);
      const [error = '', hint = ''] = run.stderr.split('\n');
      assert.match(error, new RegExp(`^error: readiness: .*got status ${status}$`));
      assert.match(hint, what);
    });
  }

  test('the cookie that lets into a maintenance window is as secret as the token', async () => {
    const cookie = 'oa_bypass=1795440000.c2lnbmF0dXJlLW9mLWEtY29va2ll';
    await using service = await serve((request, response) => {
      if (request.url?.startsWith('/?')) {
        response.writeHead(302, { location: '/', 'set-cookie': `${cookie}; Path=/; Secure; HttpOnly` }).end();
      } else response.writeHead(500).end(`no use for ${request.headers.cookie}`);
    });
    const run = await runScript('smoke-control', [], {
      env: { OPENAGENTS_BASE_URL: service.url, OPENAGENTS_MAINTENANCE_BYPASS_TOKEN: 'tok-bypass' },
    });
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /^body: no use for oa_bypass=<redacted>$/m);
  });
});

describe('other forms of the outcome', () => {
  test('SMOKE_FORMAT=json prints every check, and nothing else, on stdout', async () => {
    const run = await smoke({ sw_status: 500, healthz: 404 }, { SMOKE_FORMAT: 'json' });
    assert.equal(run.exitCode, 1);
    const outcome = JSON.parse(run.stdout);
    assert.equal(outcome.state, 'failed');
    assert.deepEqual(
      outcome.checks.map(({ id, state }: { id: string; state: string }) => `${id} ${state}`),
      [
        'readiness passed',
        'health failed',
        'control-status passed',
        'manifest passed',
        'manifest-cache passed',
        'service-worker-cache failed',
        'entry-cache skipped',
      ],
    );
    assert.ok(
      outcome.checks.every(
        (check: { durationMs?: number; state: string }) =>
          check.state === 'skipped' || Number.isInteger(check.durationMs),
      ),
    );
  });

  test('SMOKE_JUNIT writes a test case a check; what only informs is no failure', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'junit-'));
    t.after(() => rm(folder, { recursive: true }));
    const path = join(folder, 'smoke.xml');
    await smoke({ sw_status: 500, healthz: 404 }, { SMOKE_JUNIT: path });
    const xml = await readFile(path, 'utf8');
    assert.match(xml, /<testsuite name="smoke-control http:\S+" tests="7" failures="1" skipped="2"/);
    assert.match(
      xml,
      /name="service-worker-cache"[^>]*>\s*<failure message="expected cache-control with no-cache/,
    );
  });

  test('what XML does not allow in an answer is replaced in it', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'junit-'));
    t.after(() => rm(folder, { recursive: true }));
    const path = join(folder, 'odd.xml');
    await smoke({ manifest_version: 'odd \uffff\ufffe text' }, { SMOKE_JUNIT: path });
    const xml = await readFile(path, 'utf8');
    assert.match(xml, /<failure message="[^"]*odd \ufffd\ufffd text/);
    assert.doesNotMatch(xml, /[\ufffe\uffff]/);
  });

  test('a file that cannot be written is an error', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'junit-'));
    const missing = join(folder.path, 'missing');
    const run = await smoke({}, { SMOKE_JUNIT: join(missing, 'smoke.xml') });
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /^error: SMOKE_JUNIT: .+\/missing\/smoke\.xml cannot be written/m);
    assert.ok(!existsSync(missing));
  });

  test('and only a warning when a check has failed: that is what the run was about', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'junit-'));
    const run = await smoke({ readyz: 500 }, { SMOKE_JUNIT: join(folder.path, 'missing/smoke.xml') });
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /^warning: SMOKE_JUNIT: .+\/missing\/smoke\.xml cannot be written/m);
    assert.match(run.stderr, /^error: readiness: .* got status 500$/m);
  });
});
