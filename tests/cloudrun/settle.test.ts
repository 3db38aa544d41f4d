import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rollback } from '@deploy/cloudrun';
import type { Emulator, Trigger } from '@deploy/emulator';
import { apiOf, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';

const SERVICE_PATH = new RegExp(`/services/${SERVICE}$`);
const WAIT_PATH = /\/operations\/[^/]+:wait$/;

const twoRevisions = (reconcileMs: number): Promise<Emulator> =>
  cloudWith({
    reconcileMs,
    services: [{ name: SERVICE, image: `${IMAGES}:a`, laterImages: [`${IMAGES}:b`] }],
  });

async function rollBack(cloud: Emulator): Promise<string> {
  const [first = ''] = revisionNames(cloud);
  await rollback(() => apiOf(cloud), LOCATION, first).perform();
  assert.deepEqual(serving(cloud), [`${first}=100`]);
  return first;
}

const error = (httpStatus: number, status: string): Trigger['fault'] => ({
  kind: 'error',
  httpStatus,
  status,
  message: 'made to fail',
});
const looks = (cloud: Emulator): number => {
  const writtenAt = cloud.requests.findIndex(({ method }) => method === 'PATCH');
  return cloud.requests
    .slice(writtenAt)
    .filter(({ method, path }) => method === 'GET' && SERVICE_PATH.test(path)).length;
};

describe('waiting for a change to settle', { concurrency: true }, () => {
  for (const [name, fault] of [
    ['that does not answer', error(503, 'UNAVAILABLE')],
    ['that asks for patience', error(429, 'RESOURCE_EXHAUSTED')],
    ['whose connections break', { kind: 'reset', when: 'before' }],
  ] as [string, Trigger['fault']][]) {
    test(`goes on over more trouble than a look survives, of an API ${name}`, async () => {
      await using cloud = await twoRevisions(20);
      // Two reads before the write, then one look whose every repetition fails.
      cloud.on({ match: { method: 'GET', path: SERVICE_PATH }, fault, skip: 2, times: 6 });
      await rollBack(cloud);
      assert.ok(looks(cloud) > 6);
    });
  }

  test('ends at once when the service may no longer be read, saying what was done', async () => {
    await using cloud = await twoRevisions(20);
    cloud.on({
      match: { method: 'GET', path: SERVICE_PATH },
      fault: error(403, 'PERMISSION_DENIED'),
      skip: 2,
      times: 9,
    });
    await assert.rejects(rollBack(cloud), /no permission .*; service control was changed \(generation \d+\)/);
  });

  test('is over when the operation is: one look is enough', async () => {
    await using cloud = await twoRevisions(60);
    await rollBack(cloud);
    assert.equal(looks(cloud), 1);
    assert.equal(cloud.requests.filter(({ path }) => WAIT_PATH.test(path)).length, 1);
  });

  for (const [name, fault] of [
    ['is refused', error(403, 'PERMISSION_DENIED')],
    ['knows nothing of the operation', error(404, 'NOT_FOUND')],
    ['is cut off', { kind: 'reset', when: 'before' }],
    ['never answers', { kind: 'stall', ms: 60_000 }],
    // A body without `done`, as of an operation that is still under way.
    ['answers at once without having waited', error(200, 'OK')],
  ] as [string, Trigger['fault']][]) {
    test(`goes on by looking when the wait for the operation ${name}`, async () => {
      await using cloud = await twoRevisions(120);
      cloud.on({ match: { method: 'POST', path: WAIT_PATH }, fault, times: 9 });
      await rollBack(cloud);
      assert.ok(cloud.requests.filter(({ path }) => WAIT_PATH.test(path)).length <= 1, 'it is asked once');
    });
  }
});
