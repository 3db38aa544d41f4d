import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { controlService } from '../../support/control-service.ts';

type Line = Record<string, unknown> & { message: string };

const recorded = readFileSync(join(projectRoot, 'tests/recordings/control-service-log-lines.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);

test('the stand-in logs what the real service logged: the same events, with the same fields', async () => {
  const lines: Line[] = [];
  await using service = await controlService({
    env: { OA_AUTH_PROVIDER_MODE: 'mock', OA_SYNC_TOKEN_SIGNING_KEY: 'key' },
    log: (line) => lines.push(JSON.parse(line)),
  });
  const post = (path: string, body: object, headers = {}): Promise<Response> =>
    fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const sent = (await (await post('/api/auth/email', { email: 'a@b.c' })).json()) as { challengeId: string };
  const verified = await post('/api/auth/verify', { code: '123456', challenge_id: sent.challengeId });
  const { token } = (await verified.json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  await post('/api/sync/token', {}, headers);
  await fetch(`${service.url}/login`);
  await post('/api/v1/control/route-split/override', { target: 'legacy' }, headers);
  await fetch(`${service.url}/login`);
  await post('/api/auth/logout', {}, headers);

  assert.deepEqual(shapes(lines), shapes(recorded));
});

/** Each kind of line once: its message, event or metric, its fields and those of its attributes. */
function shapes(lines: readonly Line[]): string[] {
  const all = lines.map((line) =>
    JSON.stringify({
      message: line.message,
      name: line.event_name ?? line.metric_name ?? line.classification,
      fields: Object.entries(line).map(([field, value]) => `${field}:${typeof value}`),
      attributes: keysOf(line.attributes_json),
      event: keysOf(line.event_json),
    }),
  );
  return [...new Set(all)].sort();
}

function keysOf(json: unknown): string[] {
  return typeof json === 'string' ? Object.keys(JSON.parse(json)).sort() : [];
}
