import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import type { ControlService } from '@deploy/emulator/control-service';
import { controlService, maintenanceEnv } from '../../support/control-service.ts';

/** A recorded answer of the real service; prose is `<text>` there, and values that change are named by their kind. */
type RecordedAnswer = {
  config: 'plain' | 'maintenance' | 'compat';
  auth: 'none' | 'session' | 'bad';
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | null;
  status: number;
  answerHeaders: Record<string, string>;
  answer: unknown;
};

type Answer = { status: number; headers: Record<string, string>; body: string };

const MOCK = {
  OA_AUTH_PROVIDER_MODE: 'mock',
  OA_SYNC_TOKEN_SIGNING_KEY: 'key',
  OA_SYNC_TOKEN_ISSUER: 'https://staging.openagents.com',
};
const CONFIGS = {
  plain: MOCK,
  maintenance: { ...MOCK, ...maintenanceEnv('maintenance-token') },
  compat: {
    ...MOCK,
    OA_COMPAT_CONTROL_ENFORCED: 'true',
    OA_COMPAT_CONTROL_MIN_CLIENT_BUILD_ID: '20260101T000000Z',
  },
};
const COMPARED = ['content-type', 'cache-control', 'allow', 'location', 'set-cookie'];

const recorded = JSON.parse(
  readFileSync(join(projectRoot, 'tests/recordings/control-service-answers.json'), 'utf8'),
) as RecordedAnswer[];

for (const config of ['plain', 'maintenance', 'compat'] as const) {
  const rows = recorded.filter((row) => row.config === config);
  describe(`the real service's ${rows.length} answers, ${config}`, () => {
    let service: ControlService & AsyncDisposable;
    let token = 'none';
    before(async () => {
      service = await controlService({ env: CONFIGS[config] });
      if (config === 'plain') token = await signIn(service.url);
    });
    after(() => service[Symbol.asyncDispose]());
    for (const row of rows) {
      test(`${row.method} ${row.path} ${row.body ?? ''} (${row.auth})`, async () => {
        const authorization = { none: undefined, session: `Bearer ${token}`, bad: 'Bearer nobody' }[row.auth];
        const answer = await ask(service.url, row, authorization);
        const headers = Object.fromEntries(
          COMPARED.flatMap((name) => (answer.headers[name] ? [[name, answer.headers[name]]] : [])),
        );
        assert.equal(answer.status, row.status);
        assertLike(headers, row.answerHeaders);
        const isText = typeof row.answer === 'string' || row.answer === null;
        assertLike(isText ? answer.body : JSON.parse(answer.body), row.answer ?? '');
      });
    }
  });
}

/** The recorded value, where text in angle brackets stands for any text of that kind. */
function assertLike(actual: unknown, expected: unknown): void {
  if (expected === '<number>') {
    assert.equal(typeof actual, 'number');
  } else if (typeof expected === 'string') {
    assert.match(String(actual), patternOf(expected));
  } else if (typeof expected === 'object' && expected !== null) {
    assert.deepEqual(
      Object.keys(Object(actual)).sort(),
      Object.keys(expected).sort(),
      JSON.stringify(actual),
    );
    for (const [key, value] of Object.entries(expected)) assertLike(Object(actual)[key], value);
  } else {
    assert.deepEqual(actual, expected);
  }
}

const KINDS: Readonly<Record<string, string>> = {
  '<32 hex>': '[0-9a-f]{32}',
  '<time Z>': '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ',
  '<time +00:00>': '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d+\\+00:00',
  '<jwt>': '[\\w-]+\\.[\\w-]+\\.[\\w-]+',
};

function patternOf(expected: string): RegExp {
  const parts = expected
    .split(/(<[^<>]*>)/)
    .map((part) =>
      part.startsWith('<') ? (KINDS[part] ?? '[^]+') : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    );
  return new RegExp(`^${parts.join('')}$`);
}

async function signIn(url: string): Promise<string> {
  const post = (path: string, body: object, headers = {}): Promise<Answer> =>
    ask(url, {
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const sent = JSON.parse((await post('/api/auth/email', { email: 'a@b.c' })).body);
  const answer = await post('/api/auth/verify', { code: '123456', challenge_id: sent.challengeId });
  return JSON.parse(answer.body).token;
}

/** The path goes out as it stands, and without the headers that fetch would add. */
function ask(
  url: string,
  { method, path, headers, body }: Pick<RecordedAnswer, 'method' | 'path' | 'headers' | 'body'>,
  authorization?: string,
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: hostname,
        port,
        method,
        path,
        headers: {
          ...headers,
          'content-length': Buffer.byteLength(body ?? ''),
          ...(authorization && { authorization }),
        },
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.once('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(
              Object.entries(incoming.headersDistinct).map(([name, values]) => [name, values?.[0] ?? '']),
            ),
            body: text,
          }),
        );
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body ?? undefined);
  });
}
