import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { controlService } from '../../support/control-service.ts';

const TOKEN = 'tok-good';
const KEY = 'signing-key';
const EVENTS = 'runtime.codex_worker_events';

type Call = { env?: Record<string, string>; body?: string; type?: string | null; token?: string | null };

const refusals: (Call & { name: string; status: number; code?: string })[] = [
  { name: 'no content type', type: null, token: null, status: 415 },
  { name: 'a form', type: 'application/x-www-form-urlencoded', token: null, status: 415 },
  { name: 'broken JSON, before anybody is asked who they are', body: '{', token: null, status: 400 },
  { name: 'a field of the wrong type', body: '{"scopes":"x"}', token: null, status: 422 },
  { name: 'no token', token: null, status: 401, code: 'unauthorized' },
  { name: 'a bad token', token: 'nobody', status: 401, code: 'unauthorized' },
  { name: 'an unknown scope', body: '{"scopes":["x"]}', status: 422, code: 'invalid_scope' },
  { name: 'too long a life', body: '{"ttl_seconds":901}', status: 422, code: 'invalid_request' },
  { name: 'too short a life', body: '{"ttl_seconds":59}', status: 422, code: 'invalid_request' },
  { name: 'an unknown topic', body: '{"topics":["x"]}', status: 422, code: 'invalid_request' },
  { name: 'another device', body: '{"device_id":"x"}', status: 403, code: 'forbidden' },
  { name: 'no key', env: {}, status: 503, code: 'sync_token_unavailable' },
  {
    name: 'an empty key, which hides the older name',
    env: { OA_SYNC_TOKEN_SIGNING_KEY: '', SYNC_TOKEN_SIGNING_KEY: KEY },
    status: 503,
    code: 'sync_token_unavailable',
  },
  {
    name: 'minting switched off',
    env: { OA_SYNC_TOKEN_SIGNING_KEY: KEY, OA_SYNC_TOKEN_ENABLED: 'false' },
    status: 503,
    code: 'sync_token_unavailable',
  },
  {
    name: 'no issuer',
    env: { OA_SYNC_TOKEN_SIGNING_KEY: KEY, OA_SYNC_TOKEN_ISSUER: '' },
    status: 503,
    code: 'sync_token_unavailable',
  },
];

describe('a sync token is refused to', () => {
  for (const { name, status, code, ...call } of refusals) {
    test(name, async () => {
      const answer = await mint(call);
      assert.equal(answer.status, status, answer.body);
      if (code === undefined) assert.match(answer.type, /^text\/plain/);
      else assert.equal(JSON.parse(answer.body).error.code, code);
    });
  }

  test('a member of the active organisation, for the scope that owners have', async () => {
    await using service = await controlService({
      env: { OA_SYNC_TOKEN_SIGNING_KEY: KEY },
      behaviour: { accessToken: TOKEN, activeOrganisation: 'org:openagents' },
    });
    const answer = await fetch(`${service.url}/api/sync/token`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ scopes: [EVENTS] }),
    });
    assert.equal(answer.status, 403);
  });
});

test('a sync token is a JWT signed with the key, for the scopes asked for', async () => {
  const answer = await mint({ body: JSON.stringify({ scopes: [EVENTS], unknown: 1 }) });
  assert.equal(answer.status, 200);
  const { data } = JSON.parse(answer.body);
  const [header = '', claims = '', signature] = data.token.split('.');
  assert.deepEqual(decode(header), { alg: 'HS256', typ: 'JWT', kid: 'sync-auth-v1' });
  assert.equal(createHmac('sha256', KEY).update(`${header}.${claims}`).digest('base64url'), signature);
  assert.equal(decode(claims).iss, 'https://openagents.com');
  assert.equal(data.expires_in, 300);
  assert.deepEqual(data.scopes, [EVENTS]);
  assert.equal(data.granted_topics[0].topic, `${data.org_id.replace(/^/, 'org:')}:worker_events`);
  assert.match(data.issued_at, /\.\d+\+00:00$/);
});

test('an empty request gets the default scopes', async () => {
  const answer = await mint({ body: '{}' });
  assert.deepEqual(JSON.parse(answer.body).data.scopes, [EVENTS]);
});

test('in mock mode a mailed code gets an access token, once', async () => {
  await using service = await controlService({
    env: { OA_AUTH_PROVIDER_MODE: 'mock', OA_SYNC_TOKEN_SIGNING_KEY: KEY },
  });
  const post = (path: string, body: object, headers = {}) =>
    fetch(`${service.url}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  const sent = await post('/api/auth/email', { email: 'a@b.c' });
  const [cookie = ''] = (sent.headers.get('set-cookie') ?? '').split(';');
  assert.match(cookie, /^oa_magic_challenge=challenge_[0-9a-f]{32}$/);

  const verified = await post('/api/auth/verify', { code: '123456' }, { cookie });
  const { token } = (await verified.json()) as { token: string };
  assert.match(token, /^oa_at_[0-9a-f]{32}$/);
  assert.equal((await post('/api/auth/verify', { code: '123456' }, { cookie })).status, 422);

  const headers = { authorization: `Bearer ${token}` };
  const session = await fetch(`${service.url}/api/v1/auth/session`, { headers });
  const { data } = (await session.json()) as { data: { session: Record<string, unknown> } };
  assert.equal(data.session.email, 'a@b.c');
  assert.match(String(data.session.issuedAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test('an access token ends with its time, and is unknown to another instance', async () => {
  let now = Date.UTC(2026, 1, 21);
  const behaviour = { accessToken: TOKEN };
  await using service = await controlService({ behaviour, now: () => now });
  await using other = await controlService({ now: () => now });
  const status = async (url: string): Promise<number> =>
    (await fetch(`${url}/api/auth/session`, { headers: { authorization: `Bearer ${TOKEN}` } })).status;
  assert.equal(await status(service.url), 200);
  assert.equal(await status(other.url), 401);
  now += 3600_000;
  assert.equal(await status(service.url), 401);
});

test('without WorkOS settings a login is unavailable while health and readiness stay good', async () => {
  await using service = await controlService();
  const sent = await fetch(`${service.url}/api/auth/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'a@b.c' }),
  });
  assert.equal(sent.status, 503);
  assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
  assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
});

async function mint({
  env = { OA_SYNC_TOKEN_SIGNING_KEY: KEY },
  body = '{}',
  type = 'application/json',
  token = TOKEN,
}: Call) {
  await using service = await controlService({ env, behaviour: { accessToken: TOKEN } });
  const headers = new Headers();
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  if (type !== null) headers.set('content-type', type);
  // A body of bytes gets no content type of fetch's own.
  const answer = await fetch(`${service.url}/api/v1/sync/token`, {
    method: 'POST',
    headers,
    body: new TextEncoder().encode(body),
  });
  return {
    status: answer.status,
    type: answer.headers.get('content-type') ?? '',
    body: await answer.text(),
  };
}

function decode(part: string) {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}
