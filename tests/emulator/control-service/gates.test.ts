import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isHashed } from '@deploy/emulator/control-service';
import { controlService, maintenanceEnv } from '../../support/control-service.ts';

describe('the compatibility gate', () => {
  const env = {
    OA_COMPAT_CONTROL_ENFORCED: 'true',
    OA_COMPAT_CONTROL_MIN_CLIENT_BUILD_ID: '20260101T000000Z',
    OA_COMPAT_CONTROL_MAX_CLIENT_BUILD_ID: '20261231T000000Z',
  };
  const speaking = { 'x-oa-protocol-version': 'openagents.control.v1', 'x-oa-schema-version': '1' };
  const rows = [
    { headers: {}, code: 'invalid_client_build' },
    {
      headers: { ...speaking, 'x-oa-client-build-id': '20260601T000000Z', 'x-oa-protocol-version': 'v0' },
      code: 'unsupported_protocol_version',
    },
    {
      headers: { ...speaking, 'x-oa-client-build-id': '20260601T000000Z', 'x-oa-schema-version': '2' },
      code: 'unsupported_schema_version',
    },
    {
      headers: { 'x-oa-client-build-id': '20250601T000000Z' },
      code: 'unsupported_protocol_version',
    },
    {
      headers: {
        'x-oa-client-build-id': '20250601T000000Z',
        'x-oa-protocol-version': 'openagents.control.v1',
      },
      code: 'unsupported_schema_version',
    },
    { headers: { ...speaking, 'x-oa-client-build-id': '20250601T000000Z' }, code: 'upgrade_required' },
    {
      headers: { ...speaking, 'x-oa-client-build-id': '20270601T000000Z' },
      code: 'unsupported_client_build',
    },
    { headers: { ...speaking, 'x-oa-client-build-id': '20260601T000000Z' }, code: undefined },
  ];
  for (const { headers, code } of rows) {
    test(`${JSON.stringify(headers)}: ${code ?? 'let through'}`, async () => {
      await using service = await controlService({ env });
      const answer = await fetch(`${service.url}/api/v1/control/status`, {
        headers: Object.fromEntries(Object.entries(headers)),
      });
      assert.equal(answer.status, code === undefined ? 401 : 426);
      const body = (await answer.json()) as { compatibility?: Record<string, unknown> };
      assert.equal(body.compatibility?.code, code);
    });
  }

  test('stands in front of maintenance, and only before the API', async () => {
    await using service = await controlService({ env: { ...env, ...maintenanceEnv('let-me-in') } });
    assert.equal((await fetch(`${service.url}/api/anything`)).status, 426);
    assert.equal((await fetch(`${service.url}/manifest.json`)).status, 503);
  });
});

describe('pages with the route split off', () => {
  test('are sent to the older application, or are unavailable without an address for it', async () => {
    await using redirecting = await controlService({
      env: {
        OA_ROUTE_SPLIT_ENABLED: 'false',
        OA_ROUTE_SPLIT_LEGACY_BASE_URL: 'https://legacy.example.com/',
      },
    });
    const moved = await fetch(`${redirecting.url}/login?a=1`, { redirect: 'manual' });
    assert.equal(moved.status, 307);
    assert.equal(moved.headers.get('location'), 'https://legacy.example.com/login?a=1');
    assert.equal((await fetch(`${redirecting.url}/chat/1`)).status, 200);

    await using without = await controlService({ env: { OA_ROUTE_SPLIT_MODE: 'unknown' } });
    const unavailable = await fetch(`${without.url}/login`);
    assert.equal(unavailable.status, 503);
    assert.equal((await fetch(`${without.url}/manifest.json`)).status, 200);
  });
});

describe('which assets the service takes for hashed', () => {
  const rows = [
    ['app-0a1b2c3d4e5f.js', true],
    ['app-stylesheet.js', true],
    ['app.0123456789ab.js', false],
    ['app_deadbeef99.js', false],
    ['deadbeef/app.js', false],
    ['openagents_web_shell.js', false],
    ['LICENSE-0a1b2c3d4e5f', false],
  ] as const;
  for (const [name, hashed] of rows) test(`${name}: ${hashed}`, () => assert.equal(isHashed(name), hashed));
});

describe('a service that is not as it should be', () => {
  test('answers with other statuses and headers where it is told to', async () => {
    await using service = await controlService({
      behaviour: { statuses: { '/sw.js': 404 }, cacheControl: { '/manifest.json': 'public, max-age=60' } },
    });
    assert.equal((await fetch(`${service.url}/sw.js`)).status, 404);
    const manifest = await fetch(`${service.url}/manifest.json`);
    assert.equal(manifest.headers.get('cache-control'), 'public, max-age=60');
  });

  test('tells of another manifest, and serves the entry script that it names', async () => {
    const entryScript = 'assets/shell-0a1b2c3d4e.js';
    await using service = await controlService({
      behaviour: { manifest: { version: 'openagents.webshell.v1', entryScript } },
    });
    const manifest = await (await fetch(`${service.url}/manifest.json`)).json();
    assert.partialDeepStrictEqual(manifest, {
      manifestVersion: 'openagents.webshell.v1',
      entry: { js: entryScript },
    });
    const script = await fetch(`${service.url}/${entryScript}`);
    assert.equal(script.status, 200);
    assert.equal(script.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    await using without = await controlService({ behaviour: { manifest: { entryScript: null } } });
    const { entry } = (await (await fetch(`${without.url}/manifest.json`)).json()) as { entry: object };
    assert.ok(!('js' in entry));
  });

  test('has /healthz taken from it by the platform', async () => {
    await using service = await controlService({ behaviour: { healthzIntercepted: true } });
    const answer = await fetch(`${service.url}/healthz`);
    assert.equal(answer.status, 404);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
    assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
  });
});
