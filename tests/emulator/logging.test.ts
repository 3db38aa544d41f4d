import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Emulator, startEmulator } from '@deploy/emulator';
import { request } from 'undici';

const RESOURCES = { resourceNames: ['projects/openagentsgemini'] };

async function list(cloud: Emulator, body: object) {
  const answer = await request(`${cloud.url}/v2/entries:list`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API answers is looked at field by field
  const json = (await answer.body.json()) as any;
  return { status: answer.statusCode, body: json, payloads: (json.entries ?? []).map(payloadOf) };
}

function payloadOf({ textPayload, jsonPayload }: { textPayload?: string; jsonPayload?: unknown }): unknown {
  return textPayload ?? jsonPayload;
}

const withLogs = (): Promise<Emulator> =>
  startEmulator({
    logEntries: [
      { service: 'runtime', severity: 'INFO', payload: 'started', timestamp: '2026-03-01T00:00:00Z' },
      { service: 'runtime', severity: 'ERROR', payload: 'lost', timestamp: '2026-03-01T00:00:02Z' },
      { service: 'runtime', severity: 'ALERT', payload: { code: 7 }, timestamp: '2026-03-01T00:00:01Z' },
      { service: 'control', severity: 'ERROR', payload: 'other', timestamp: '2026-03-01T00:00:03Z' },
    ],
  });

describe('what a filter finds', () => {
  const cases: [string, unknown[]][] = [
    ['', ['started', { code: 7 }, 'lost', 'other']],
    ['severity>=ERROR', [{ code: 7 }, 'lost', 'other']],
    ['severity = "error" AND resource.labels.service_name="runtime"', ['lost']],
    ['resource.type=cloud_run_revision\nresource.labels.service_name != control severity<ERROR', ['started']],
    ['resource.type=gce_instance', []],
    ['timestamp>="2026-03-01T00:00:02Z" AND timestamp<"2026-03-01T00:00:03Z"', ['lost']],
    ['resource.labels.no_such_label=x', []],
    ['severity>=ERROR OR severity=INFO', ['started', { code: 7 }, 'lost', 'other']],
    ['NOT severity=INFO', [{ code: 7 }, 'lost', 'other']],
    ['-severity=INFO (resource.labels.service_name=runtime)', [{ code: 7 }, 'lost']],
    ['resource.labels.service_name=control OR severity=ALERT AND severity=ERROR', ['other']],
    ['jsonPayload.code=7', [{ code: 7 }]],
    ['jsonPayload.code>6 jsonPayload.code<=7.0', [{ code: 7 }]],
    ['jsonPayload.code!=7', []],
    ['NOT jsonPayload.code=7', ['started', 'lost', 'other']],
    ['jsonPayload.code:*', [{ code: 7 }]],
    ['textPayload:LOS', ['lost']],
    ['textPayload=~"^(lo|st)"', ['started', 'lost']],
    ['textPayload!~"^lo"', ['started', 'other']],
    ['textPayload=("lost" OR "other")', ['lost', 'other']],
    ['lost', ['lost']],
    ['log_id("run.googleapis.com/stderr") "started" -- a comment', ['started']],
    ['logName="projects/openagentsgemini/logs/run.googleapis.com%2Fstdout"', []],
    ['httpRequest.status>=500', []],
    // A word in small letters is one to be found.
    ['severity>=ERROR and resource.type=cloud_run_revision', []],
  ];
  for (const [filter, found] of cases) {
    test(filter || '(no filter)', async () => {
      await using cloud = await withLogs();
      assert.deepEqual((await list(cloud, { ...RESOURCES, filter })).payloads, found);
    });
  }
});

test('entries come in the order asked for, page by page', async () => {
  await using cloud = await withLogs();
  cloud.log({ service: 'runtime', payload: 'now' });
  const ask = { ...RESOURCES, orderBy: 'timestamp desc', pageSize: 3 };
  const first = await list(cloud, ask);
  assert.deepEqual(first.payloads, ['now', 'other', 'lost']);
  const second = await list(cloud, { ...ask, pageToken: first.body.nextPageToken });
  assert.deepEqual(second.payloads, [{ code: 7 }, 'started']);
  assert.equal(second.body.nextPageToken, undefined);
});

describe('what is not understood is refused, never half understood', () => {
  const cases: object[] = [
    { ...RESOURCES, filter: 'severity>=ERROR AND' },
    { ...RESOURCES, filter: 'severity>=LOUD' },
    { ...RESOURCES, filter: '(severity=INFO' },
    { ...RESOURCES, filter: 'severity=INFO)' },
    { ...RESOURCES, filter: 'OR severity=INFO' },
    { ...RESOURCES, filter: 'severity=' },
    { ...RESOURCES, filter: 'textPayload=~"("' },
    { ...RESOURCES, filter: 'nonsense.field=1' },
    { ...RESOURCES, filter: 'textPayload="open' },
    { ...RESOURCES, filter: 'resource.labels.service_name>=a' },
    { ...RESOURCES, filter: 'timestamp>="yesterday"' },
    { ...RESOURCES, filter: 'x'.repeat(20_001) },
    { ...RESOURCES, orderBy: 'severity' },
    { ...RESOURCES, pageSize: 1001 },
    { ...RESOURCES, pageSize: -1 },
    { ...RESOURCES, pageToken: 'never-given' },
    { ...RESOURCES, noSuchField: 1 },
    { resourceNames: ['organizations/1'] },
    {},
  ];
  for (const body of cases) {
    test(JSON.stringify(body).slice(0, 100), async () => {
      await using cloud = await withLogs();
      const { status, body: answer } = await list(cloud, body);
      assert.equal(status, 400);
      assert.equal(answer.error.status, 'INVALID_ARGUMENT');
    });
  }

  test('a project one cannot see', async () => {
    await using cloud = await withLogs();
    assert.equal((await list(cloud, { resourceNames: ['projects/other'] })).status, 403);
  });
});
