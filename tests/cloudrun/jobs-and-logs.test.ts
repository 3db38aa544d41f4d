import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorFilter, openJobApi, openLogApi } from '@deploy/cloudrun';
import { type Emulator, type EmulatorOptions, startEmulator } from '@deploy/emulator';

const LOCATION = { project: 'openagentsgemini', region: 'us-central1', service: 'runtime' };
const connectionTo = ({ host }: Emulator) => ({
  emulatorHost: host,
  identity: { kind: 'none' } as const,
  env: {},
});

function withExecutions(...executions: NonNullable<EmulatorOptions['jobs']>[number]['executions'] & {}) {
  return startEmulator({
    jobs: [{ name: 'migrate', image: 'registry.example.com/runtime:two', executions }],
  });
}

test('the newest execution is the one that was created last, wherever in the list it stands', async () => {
  const many = Array.from({ length: 150 }, (_, i) => ({
    name: `migrate-${i}`,
    createTime: new Date(Date.UTC(2026, 0, 1) + ((i * 37) % 150) * 1000).toISOString(),
  }));
  await using cloud = await withExecutions(...many);
  const jobs = await openJobApi(connectionTo(cloud), LOCATION);
  const expected = many.find(({ createTime }) => createTime === '2026-01-01T00:02:29.000Z');
  assert.equal((await jobs.newestExecution('migrate'))?.name, expected?.name);
  const pages = cloud.requests.filter(({ path }) => path.endsWith('/executions'));
  assert.equal(pages.length, 2, 'all pages were read');
});

test('executions within the same second are told apart', async () => {
  await using cloud = await withExecutions(
    { name: 'later', createTime: '2026-01-01T00:00:00.900Z', state: 'failed' },
    { name: 'earlier', createTime: '2026-01-01T00:00:00.100Z' },
  );
  const jobs = await openJobApi(connectionTo(cloud), LOCATION);
  const newest = await jobs.newestExecution('migrate');
  assert.equal(newest?.name, 'later');
  assert.deepEqual([newest?.completed.state, newest?.completed.reason], ['failed', 'NON_ZERO_EXIT_CODE']);
});

test('a job without executions, and one that is not there', async () => {
  await using cloud = await withExecutions();
  const jobs = await openJobApi(connectionTo(cloud), LOCATION);
  assert.equal(await jobs.newestExecution('migrate'), undefined);
  assert.deepEqual(await jobs.readJob('migrate'), {
    name: 'migrate',
    image: 'registry.example.com/runtime:two',
  });
  await assert.rejects(jobs.readJob('other'), { kind: 'not-found' });
});

test('logs: the newest entries first, no more than asked for, structured ones as JSON', async () => {
  const now = Date.now();
  await using cloud = await startEmulator({
    logEntries: Array.from({ length: 70 }, (_, i) => ({
      service: 'runtime',
      payload: { n: i, deep: { list: [1, 'two', null, true] } },
      timestamp: new Date(now - i * 1000).toISOString(),
    })),
  });
  const logs = await openLogApi(connectionTo(cloud), LOCATION);
  const entries = await logs.newest({
    filter: errorFilter('runtime', new Date(now - 600_000)),
    limit: 50,
  });
  assert.equal(entries.length, 50);
  assert.deepEqual(entries[0], {
    timestamp: new Date(now).toISOString(),
    severity: 'ERROR',
    revision: 'runtime-00001-abc',
    payload: '{"n":0,"deep":{"list":[1,"two",null,true]}}',
  });
});

test('logs that cannot be read for a moment are read again', async () => {
  await using cloud = await startEmulator({ logEntries: [{ service: 'runtime', payload: 'x' }] });
  const busy = {
    kind: 'error',
    httpStatus: 429,
    status: 'RESOURCE_EXHAUSTED',
    message: 'Quota exceeded',
  } as const;
  cloud.on({ match: { path: /entries:list/ }, fault: busy });
  const logs = await openLogApi(connectionTo(cloud), LOCATION);
  const entries = await logs.newest({ filter: errorFilter('runtime', new Date(0)), limit: 50 });
  assert.equal(entries.length, 1);
});
