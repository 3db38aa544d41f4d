import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ControlService } from '@deploy/emulator/control-service';
import { controlService } from '../../support/control-service.ts';

const TOKEN = 'tok-good';
const NO_CACHE = 'no-cache, no-store, must-revalidate';
const SHORT = 'public, max-age=60';

describe('the endpoint table', () => {
  let service: ControlService & AsyncDisposable;
  before(async () => {
    service = await controlService({
      env: { OA_SYNC_TOKEN_SIGNING_KEY: 'key' },
      behaviour: { accessToken: TOKEN },
    });
  });
  after(() => service[Symbol.asyncDispose]());

  const gets = [
    { path: '/', status: 200, authorised: 200, cache: null, type: 'application/json' },
    { path: '/healthz', status: 200, authorised: 200, cache: null, type: 'application/json' },
    { path: '/readyz', status: 200, authorised: 200, cache: null, type: 'application/json' },
    { path: '/api/v1/control/status', status: 401, authorised: 200, cache: null, type: 'application/json' },
    { path: '/manifest.json', status: 200, authorised: 200, cache: NO_CACHE, type: 'application/json' },
    { path: '/sw.js', status: 200, authorised: 200, cache: NO_CACHE, type: 'text/javascript' },
    {
      path: '/assets/openagents_web_shell.js',
      status: 200,
      authorised: 200,
      cache: SHORT,
      type: 'text/javascript',
    },
    {
      path: '/assets/openagents_web_shell_bg.wasm',
      status: 200,
      authorised: 200,
      cache: SHORT,
      type: 'application/wasm',
    },
    { path: '/assets/index.html', status: 200, authorised: 200, cache: SHORT, type: 'text/html' },
    { path: '/assets/nothing.js', status: 404, authorised: 404, cache: null, type: 'application/json' },
    { path: '/assets//sw.js', status: 404, authorised: 404, cache: null, type: 'application/json' },
    { path: '/api/auth/session', status: 401, authorised: 200, cache: null, type: 'application/json' },
    { path: '/api/v1/auth/session', status: 401, authorised: 200, cache: null, type: 'application/json' },
    { path: '/login', status: 200, authorised: 200, cache: NO_CACHE, type: 'text/html' },
    { path: '//healthz', status: 200, authorised: 200, cache: NO_CACHE, type: 'text/html' },
    { path: '/api/nothing', status: 404, authorised: 404, cache: null, type: 'application/json' },
  ];
  for (const { path, status, authorised, cache, type } of gets) {
    for (const method of ['GET', 'HEAD']) {
      test(`${method} ${path}`, async () => {
        for (const [token, expected] of [
          [undefined, status],
          ['tok-bad', status],
          [TOKEN, authorised],
        ] as const) {
          const answer = await fetch(`${service.url}${path}`, { method, headers: bearer(token) });
          const body = await answer.text();
          assert.equal(answer.status, expected);
          assert.equal(answer.headers.get('cache-control'), cache);
          assert.equal(answer.headers.get('content-type'), type);
          assert.equal(answer.headers.get('www-authenticate'), null);
          assert.ok(answer.headers.get('x-request-id'));
          if (method === 'HEAD') {
            assert.equal(body, '');
            assert.notEqual(answer.headers.get('content-length'), '0');
          }
        }
      });
    }
  }

  const refusedMethods = [
    { method: 'POST', path: '/healthz', allow: 'GET,HEAD' },
    { method: 'DELETE', path: '/manifest.json', allow: 'GET,HEAD' },
    { method: 'GET', path: '/api/sync/token', allow: 'POST' },
    { method: 'HEAD', path: '/api/v1/sync/token', allow: 'POST' },
  ];
  for (const { method, path, allow } of refusedMethods) {
    test(`${method} ${path} is refused, with the methods that are allowed`, async () => {
      const answer = await fetch(`${service.url}${path}`, { method });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.get('allow'), allow);
      assert.equal(await answer.text(), '');
    });
  }

  test('the bearer scheme is case-sensitive and the token may have spaces around it', async () => {
    const status = async (authorization: string): Promise<number> =>
      (await fetch(`${service.url}/api/auth/session`, { headers: { authorization } })).status;
    assert.equal(await status(`Bearer   ${TOKEN} `), 200);
    assert.equal(await status(`bearer ${TOKEN}`), 401);
    assert.equal(await status('Bearer '), 401);
  });

  test('errors of the API have one shape', async () => {
    const answer = await fetch(`${service.url}/api/auth/session`);
    assert.deepEqual(await answer.json(), {
      message: 'Unauthenticated.',
      error: { code: 'unauthorized', message: 'Unauthenticated.' },
    });
    const missing = await fetch(`${service.url}/api/nothing`);
    assert.deepEqual(await missing.json(), {
      message: "Route '/api/nothing' was not found.",
      error: { code: 'not_found', message: "Route '/api/nothing' was not found." },
    });
  });

  test('a request id that came in goes out again', async () => {
    const answer = await fetch(`${service.url}/`, { headers: { 'x-request-id': 'mine' } });
    assert.equal(answer.headers.get('x-request-id'), 'mine');
  });
});

test('the manifest tells which image answered', async () => {
  const buildOf = async (image: string): Promise<string> => {
    await using service = await controlService({ image });
    const answer = await fetch(`${service.url}/manifest.json`);
    const manifest = (await answer.json()) as { buildId: string; manifestVersion: string };
    assert.equal(manifest.manifestVersion, 'openagents.webshell.v2');
    return manifest.buildId;
  };
  assert.match(await buildOf('control:one'), /^\d{8}T\d{6}Z$/);
  assert.equal(await buildOf('control:one'), await buildOf('control:one'));
  assert.notEqual(await buildOf('control:one'), await buildOf('control:two'));
});

test('a static folder that the image does not ship makes the service not ready, without its files', async () => {
  await using service = await controlService({
    env: { OA_CONTROL_STATIC_DIR: '/app/apps/openagents.com/web-shell/dist' },
  });
  const ready = await fetch(`${service.url}/readyz`);
  assert.equal(ready.status, 503);
  assert.deepEqual(await ready.json(), {
    status: 'not_ready',
    static_dir: '/app/apps/openagents.com/web-shell/dist',
  });
  assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
  assert.equal((await fetch(`${service.url}/manifest.json`)).status, 404);
  assert.equal((await fetch(`${service.url}/sw.js`)).status, 404);
});

function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
