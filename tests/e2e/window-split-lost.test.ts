import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { request } from 'undici';
import {
  cloudEnv,
  cloudWith,
  NINETY_TEN,
  PROJECT,
  revisionNames,
  SERVICE,
  serving,
} from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import type { ScriptRun } from '../support/run-script.ts';

// The split from before a window is put back when it is closed. Until then its revisions belong to everybody.

type Cloud = Awaited<ReturnType<typeof cloudWith>>;

const window = (cloud: Cloud, action: string, env: Record<string, string> = {}): Promise<ScriptRun> =>
  runScript('maintenance-mode', [action], {
    env: { ...cloudEnv(cloud), MAINTENANCE_BYPASS_TOKEN: 'sesame-0123456789abcdef', ...env },
  });

async function statusOf(cloud: Cloud): Promise<number> {
  const { statusCode, body } = await request(cloud.service(SERVICE).uri);
  await body.dump();
  return statusCode;
}

const MOVE = { MAINTENANCE_MOVE_TRAFFIC: '1' };

/** Deletes a revision as people do: `gcloud run revisions delete` makes this call. */
async function deleteRevision(cloud: Cloud, name: string): Promise<number> {
  const path = `/apis/serving.knative.dev/v1/namespaces/${PROJECT}/revisions/${name}`;
  const { statusCode, body } = await request(`${cloud.url}${path}`, { method: 'DELETE' });
  await body.dump();
  return statusCode;
}

describe('disable, when the split from before the window cannot be put back', () => {
  test('since a revision of it was deleted: the window is closed all the same, with the code that served, and that is told', async () => {
    await using cloud = await cloudWith({ services: [NINETY_TEN] });
    const [stable = '', canary = ''] = revisionNames(cloud);
    assert.equal(await deleteRevision(cloud, canary), 400, 'it has traffic');
    assert.equal((await window(cloud, 'enable', MOVE)).exitCode, 0);
    assert.equal(await deleteRevision(cloud, canary), 200);

    const disabled = await window(cloud, 'disable');
    assert.equal(disabled.exitCode, 0, disabled.stderr);
    assert.match(
      disabled.stderr,
      new RegExp(
        `^warning: the split from before the window \\(${stable}=90 ${canary}=10\\) was not restored, because revision ${canary} no longer exists`,
        'm',
      ),
    );
    assert.equal(await statusOf(cloud), 200);
    const [serves = ''] = serving(cloud).map((row) => row.split('=')[0]);
    assert.equal(cloud.imageDigest(SERVICE, serves), cloud.imageDigest(SERVICE, stable));
    assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {}, 'nothing is left behind');
    const again = await window(cloud, 'disable');
    assert.match(again.stderr, /was already off; nothing was changed/);
  });

  test('since a revision of it is in maintenance mode: nobody is left in it', async () => {
    await using cloud = await cloudWith({ services: [NINETY_TEN] });
    const [, canary = ''] = revisionNames(cloud);
    cloud.changeTemplate(
      SERVICE,
      ({ containers: [container] = [], ...template }) => ({
        ...template,
        containers: [{ ...container, env: [{ name: 'OA_MAINTENANCE_MODE_ENABLED', value: 'true' }] }],
      }),
      'dave@example.com',
    );
    await cloud.settled();
    const half = revisionNames(cloud).at(-1) ?? '';
    const to = (revision: string, percent: number) => ({
      type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const,
      revision,
      percent,
    });
    cloud.changeTraffic(SERVICE, [to(canary, 60), to(half, 40)], 'dave@example.com');
    await cloud.settled();
    assert.equal((await window(cloud, 'enable', MOVE)).exitCode, 0);
    const disabled = await window(cloud, 'disable');
    assert.equal(disabled.exitCode, 0, disabled.stderr);
    assert.match(disabled.stderr, new RegExp(`because revision ${half} is in maintenance mode itself`));
    for (const _ of Array.from({ length: 10 })) assert.equal(await statusOf(cloud), 200);
    assert.notEqual(serving(cloud)[0], `${half}=100`);
  });
});

describe('the split from before a window outlives what goes wrong in it', { concurrency: true }, () => {
  const WRITE = { method: 'PATCH', path: /services\/control$/ };
  const FAILS = { kind: 'operation', fate: 'fails' } as const;

  test('the platform does not give the traffic back: running disable again does', async () => {
    await using cloud = await cloudWith({ services: [NINETY_TEN] });
    const before = serving(cloud);
    assert.equal((await window(cloud, 'enable', MOVE)).exitCode, 0);
    cloud.on({ match: WRITE, fault: FAILS });
    const failed = await window(cloud, 'disable');
    assert.equal(failed.exitCode, 1);
    assert.match(
      failed.stderr,
      /^error: the platform did not give the traffic back to \S+=90 \S+=10: .*\n.* still serves, in maintenance mode\. Running this again/m,
    );
    assert.equal(await statusOf(cloud), 503);

    const again = await window(cloud, 'disable');
    assert.equal(again.exitCode, 0, again.stderr);
    assert.deepEqual(serving(cloud), before);
    assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {});
  });

  for (const [name, nth] of [
    ['the revision for a new token does not start', 0],
    ['the traffic does not move to the revision for a new token', 1],
  ] as const) {
    test(`${name}: disable still restores it`, async () => {
      await using cloud = await cloudWith({ services: [NINETY_TEN] });
      const before = serving(cloud);
      assert.equal((await window(cloud, 'enable', MOVE)).exitCode, 0);
      cloud.on({ match: WRITE, fault: FAILS, skip: nth });
      const rotated = { ...MOVE, MAINTENANCE_BYPASS_TOKEN: 'another-0123456789abcdef' };
      const failed = await window(cloud, 'enable', rotated);
      assert.equal(failed.exitCode, 1, failed.stderr);
      assert.equal(await statusOf(cloud), 503);

      const closed = await window(cloud, 'disable');
      assert.equal(closed.exitCode, 0, closed.stderr);
      assert.deepEqual(serving(cloud), before);
      assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {});
    });
  }

  test('it is gone, and the traffic does not move: running disable again still needs no leave to move it', async () => {
    await using cloud = await cloudWith({ services: [NINETY_TEN] });
    const [, canary = ''] = revisionNames(cloud);
    assert.equal((await window(cloud, 'enable', MOVE)).exitCode, 0);
    assert.equal(await deleteRevision(cloud, canary), 200);
    cloud.on({ match: WRITE, fault: FAILS, skip: 1 });
    const failed = await window(cloud, 'disable');
    assert.equal(failed.exitCode, 1);
    assert.match(failed.stderr, /Running this again continues from there/);
    const again = await window(cloud, 'disable');
    assert.equal(again.exitCode, 0, again.stderr);
    assert.equal(await statusOf(cloud), 200);
    assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {});
  });
});
