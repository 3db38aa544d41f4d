import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, test } from 'node:test';
import { signBypass } from '@deploy/emulator/control-service';
import { controlService, maintenanceEnv } from '../../support/control-service.ts';

const TOKEN = 'let-me-in';
const START = Date.UTC(2026, 1, 21, 12);

test('a bypass cookie is the expiry and its HMAC, as the service makes it', () => {
  assert.equal(
    signBypass('maintenance-token', 1771700000),
    '1771700000.5d_TKHCE89dEBs-Jhg7Tb7mOqCKjPPKY0bMMYcSDArA',
  );
});

describe('in a maintenance window', () => {
  test('everything but the allowed paths is the maintenance page, whatever the method', async () => {
    await using service = await controlService({ env: maintenanceEnv(TOKEN) });
    const calls = [
      ['GET', '/'],
      ['GET', '/manifest.json'],
      ['POST', '/api/sync/token'],
      ['GET', '/api/v1/control/status'],
      ['GET', '/readyz/'],
      ['DELETE', '/nothing'],
    ] as const;
    for (const [method, path] of calls) {
      const answer = await fetch(`${service.url}${path}`, { method });
      assert.equal(answer.status, 503, path);
      assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
      assert.equal(answer.headers.get('cache-control'), 'no-store, no-cache, must-revalidate');
      assert.equal(answer.headers.get('retry-after'), null);
      assert.equal(answer.headers.get('set-cookie'), null);
      const page = await answer.text();
      assert.match(page, /<title>.*right back.*<\/title>/);
      assert.match(page, /Maintenance in progress/);
    }
    assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
    assert.equal((await fetch(`${service.url}/readyz?x=1`)).status, 200);
  });

  test('an allowed path neither redirects nor sets a cookie', async () => {
    await using service = await controlService({ env: maintenanceEnv(TOKEN) });
    const answer = await ask(service.url, `/readyz?maintenance_bypass=${TOKEN}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.cookie, undefined);
  });

  const bypasses = [
    { path: `/?maintenance_bypass=${TOKEN}`, location: '/' },
    { path: `/workspace?a=1&maintenance_bypass=${TOKEN}`, location: '/workspace?a=1' },
    { path: `/x?maintenance_bypass=${TOKEN}&b=2&maintenance_bypass=other`, location: '/x?b=2' },
    { path: `/?maintenance_bypass=&maintenance_bypass=${TOKEN}`, location: '/' },
  ];
  for (const { path, location } of bypasses) {
    test(`${path} is let in: a redirect to ${location} with a cookie`, async () => {
      await using service = await controlService({ env: maintenanceEnv(TOKEN), now: () => START });
      const answer = await ask(service.url, path);
      assert.equal(answer.status, 307);
      assert.equal(answer.location, location);
      const value = signBypass(TOKEN, START / 1000 + 900);
      assert.equal(
        answer.cookie,
        `oa_maintenance_bypass=${value}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=900`,
      );
    });
  }

  test('the token in the query is compared as it stands, not percent-decoded', async () => {
    await using service = await controlService({ env: maintenanceEnv('a+b/c=d') });
    assert.equal((await ask(service.url, '/?maintenance_bypass=a+b/c=d')).status, 307);
    assert.equal((await ask(service.url, '/?maintenance_bypass=a%2Bb%2Fc%3Dd')).status, 503);
  });

  test('a cookie lets in until it expires, and no cookie but a true one does', async () => {
    let now = START;
    await using service = await controlService({
      env: { ...maintenanceEnv(TOKEN), OA_MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS: '1' },
      now: () => now,
    });
    const { cookie = '' } = await ask(service.url, `/?maintenance_bypass=${TOKEN}`);
    const [pair = ''] = cookie.split(';');
    assert.match(cookie, /Max-Age=60$/, 'the shortest time is a minute');
    const status = async (header: string): Promise<number> =>
      (await ask(service.url, '/manifest.json', { cookie: header })).status;

    assert.equal(await status(pair), 200);
    assert.equal(await status(`other=1; ${pair}`), 200);
    assert.equal(await status(`broken; ${pair}`), 503, 'the parser gives up at a part without =');
    assert.equal(await status(`${pair}x`), 503);
    assert.equal(await status(`oa_maintenance_bypass=${signBypass('rotated', START / 1000 + 60)}`), 503);
    now = START + 59_000;
    assert.equal(await status(pair), 200);
    now = START + 60_000;
    assert.equal(await status(pair), 503);
  });

  test('a wrong token in the query does no harm to whoever has a cookie', async () => {
    await using service = await controlService({ env: maintenanceEnv(TOKEN), now: () => START });
    const cookie = `oa_maintenance_bypass=${signBypass(TOKEN, START / 1000 + 60)}`;
    assert.equal((await ask(service.url, '/?maintenance_bypass=wrong', { cookie })).status, 200);
    assert.equal((await ask(service.url, '/?maintenance_bypass=wrong')).status, 503);
  });
});

describe('maintenance settings', () => {
  const rows = [
    { env: { OA_MAINTENANCE_MODE_ENABLED: ' YES ' }, path: '/', status: 503 },
    { env: { OA_MAINTENANCE_MODE_ENABLED: 'on' }, path: '/', status: 200 },
    { env: { OA_MAINTENANCE_MODE_ENABLED: '' }, path: '/', status: 200 },
    {
      env: { OA_MAINTENANCE_MODE_ENABLED: '1', OA_MAINTENANCE_ALLOWED_PATHS: '' },
      path: '/readyz',
      status: 503,
    },
    {
      env: { OA_MAINTENANCE_MODE_ENABLED: '1', OA_MAINTENANCE_ALLOWED_PATHS: '/a*' },
      path: '/abc',
      status: 200,
    },
    {
      env: { OA_MAINTENANCE_MODE_ENABLED: '1', OA_MAINTENANCE_ALLOWED_PATHS: '*' },
      path: '/abc',
      status: 503,
    },
    { env: { OA_MAINTENANCE_MODE_ENABLED: '1' }, path: '/?maintenance_bypass=', status: 503 },
    { env: {}, path: '/?maintenance_bypass=anything', status: 200 },
  ];
  for (const { env, path, status } of rows) {
    test(`${JSON.stringify(env)}: ${path} answers ${status}`, async () => {
      await using service = await controlService({ env });
      const answer = await ask(service.url, path);
      assert.equal(answer.status, status);
      assert.equal(answer.cookie, undefined);
    });
  }
});

type Seen = { status: number; location: string | undefined; cookie: string | undefined };

// fetch would tidy the path up and keep the cookie header to itself.
function ask(url: string, path: string, headers: Record<string, string> = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    request(url, { path, headers }, (answer) => {
      answer.resume().on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          location: answer.headers.location,
          cookie: answer.headers['set-cookie']?.[0],
        }),
      );
    })
      .on('error', reject)
      .end();
  });
}
