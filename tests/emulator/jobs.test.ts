import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Emulator, startEmulator } from '@deploy/emulator';
import { request } from 'undici';

const LOCATION = '/v2/projects/openagentsgemini/locations/us-central1';

async function get(cloud: Emulator, path: string) {
  const { statusCode, body } = await request(`${cloud.url}${path}`);
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API answers is looked at field by field
  return { status: statusCode, body: (await body.json()) as any };
}

const withJob = (): Promise<Emulator> =>
  startEmulator({
    jobs: [
      {
        name: 'migrate',
        image: 'registry.example.com/runtime:two',
        executions: [
          { name: 'migrate-new', createTime: '2026-03-02T00:00:00Z', state: 'failed' },
          {
            name: 'migrate-old',
            createTime: '2026-03-01T00:00:00Z',
            image: 'registry.example.com/runtime:one',
          },
        ],
      },
    ],
  });

test('a job shows its image in the template of its template, and its newest execution', async () => {
  await using cloud = await withJob();
  const { body } = await get(cloud, `${LOCATION}/jobs/migrate`);
  assert.equal(body.name, 'projects/openagentsgemini/locations/us-central1/jobs/migrate');
  assert.equal(body.template.template.containers[0].image, 'registry.example.com/runtime:two');
  assert.equal(body.executionCount, 2);
  assert.equal(body.latestCreatedExecution.name, 'migrate-new');
  assert.equal((await get(cloud, `${LOCATION}/jobs`)).body.jobs.length, 1);
});

test('executions are listed page by page, in no promised order, with conditions of their own', async () => {
  await using cloud = await withJob();
  cloud.addExecution('migrate', { name: 'migrate-now', state: 'running' });
  const list = `${LOCATION}/jobs/migrate/executions`;
  const first = await get(cloud, `${list}?pageSize=2`);
  const second = await get(cloud, `${list}?pageSize=2&pageToken=${first.body.nextPageToken}`);
  assert.equal(second.body.nextPageToken, undefined);
  const all = [...first.body.executions, ...second.body.executions];
  assert.deepEqual(
    all.map(({ name, template, conditions: [completed], reconciling }) => [
      name.split('/').at(-1),
      template.containers[0].image,
      completed.type,
      completed.state,
      completed.executionReason,
      reconciling,
    ]),
    [
      [
        'migrate-new',
        'registry.example.com/runtime:two',
        'Completed',
        'CONDITION_FAILED',
        'NON_ZERO_EXIT_CODE',
        false,
      ],
      [
        'migrate-old',
        'registry.example.com/runtime:one',
        'Completed',
        'CONDITION_SUCCEEDED',
        undefined,
        false,
      ],
      [
        'migrate-now',
        'registry.example.com/runtime:two',
        'Completed',
        'CONDITION_RECONCILING',
        undefined,
        true,
      ],
    ],
  );
  const one = await get(cloud, `${list}/migrate-old`);
  assert.equal(one.body.succeededCount, 1);
});

test('what is not there, and who may not look, are refused', async () => {
  await using cloud = await withJob();
  const statusOf = async (path: string): Promise<number> => (await get(cloud, path)).status;
  assert.equal(await statusOf(`${LOCATION}/jobs/other`), 404);
  assert.equal(await statusOf(`${LOCATION}/jobs/migrate/executions/other`), 404);
  assert.equal(await statusOf(`${LOCATION.replace('us-central1', 'europe-west1')}/jobs/migrate`), 404);
  assert.equal(await statusOf(`${LOCATION.replace('openagentsgemini', 'other')}/jobs/migrate`), 403);
  assert.equal(await statusOf(`${LOCATION}/jobs/migrate/executions?pageToken=never-given`), 400);

  await using closed = await startEmulator({ jobs: [], denied: ['run.jobs.get'] });
  assert.equal((await get(closed, `${LOCATION}/jobs/migrate`)).status, 403);
});
