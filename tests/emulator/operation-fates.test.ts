import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OperationFate } from '@deploy/emulator';
import { cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';

const { project, region } = LOCATION;
const PLACE = `/v2/projects/${project}/locations/${region}`;

/** Sends a new image, no traffic asked for, and gives the name of the operation. */
async function deploy(url: string): Promise<string> {
  const answer = await fetch(`${url}${PLACE}/services/${SERVICE}?updateMask=template`, {
    method: 'PATCH',
    body: JSON.stringify({ template: { containers: [{ image: `${IMAGES}:two` }] } }),
  });
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { name: string }).name;
}

async function changed(fate: OperationFate) {
  const cloud = await cloudWith();
  cloud.on({ match: { method: 'PATCH', path: /./ }, fault: { kind: 'operation', fate } });
  const name = await deploy(cloud.url);
  await cloud.settled();
  return { cloud, asked: await fetch(`${cloud.url}/v2/${name}`) };
}

describe('an operation that is made to end otherwise', () => {
  test('fails: its revision does not come up, and the one before goes on serving', async () => {
    const { cloud, asked } = await changed('fails');
    await using _ = cloud;
    const { done, error } = (await asked.json()) as { done: boolean; error?: { code: number } };
    assert.deepEqual([done, error?.code], [true, 9]);
    assert.equal(cloud.service(SERVICE).terminalCondition.state, 'CONDITION_FAILED');
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[0]}=100`]);
  });

  test('stalls: it is never done, and the service goes on changing until a later change settles', async () => {
    const { cloud, asked } = await changed('stalls');
    await using _ = cloud;
    assert.equal(((await asked.json()) as { done: boolean }).done, false);
    assert.equal(cloud.service(SERVICE).reconciling, true);
    const traffic = [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: revisionNames(cloud)[0] }];
    cloud.changeTraffic(SERVICE, [{ ...traffic[0], percent: 100 } as never], 'somebody@example.com');
    await cloud.settled();
    assert.equal(cloud.service(SERVICE).reconciling, false);
  });

  test('vanishes: nobody knows it, and the change is made', async () => {
    const { cloud, asked } = await changed('vanishes');
    await using _ = cloud;
    assert.equal(asked.status, 404);
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[1]}=100`]);
  });
});
