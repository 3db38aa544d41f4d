import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { request } from 'undici';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { preflightWorld } from '../support/preflight-world.ts';
import { SERVICE as STAGING_SERVICE, staging } from '../support/staging.ts';

// Traffic and maintenance windows: nobody is moved into one or past one unsaid.

type Cloud = Awaited<ReturnType<typeof cloudWith>>;

const SECRET = 'openagents-control-maintenance-bypass-token';
const INSIST = { SKIP_MAINTENANCE_CHECK: '1' };
const pinned = {
  name: SERVICE,
  image: `${IMAGES}:stable`,
  laterImages: [`${IMAGES}:canary`],
  traffic: [{ revision: 1, percent: 100 }],
};
const world = () => cloudWith({ secrets: { [SECRET]: 'sesame-0123456789abcdef' }, services: [pinned] });

const canary = (cloud: Cloud, args: string[], env: Record<string, string> = {}) =>
  runScript('canary-rollout', args, { env: { ...cloudEnv(cloud), ...env } });
const window = (cloud: Cloud, action: string) =>
  runScript('maintenance-mode', [action], {
    env: { ...cloudEnv(cloud), MAINTENANCE_MOVE_TRAFFIC: '1' },
  });

/** Somebody switches maintenance mode on in the newest template, by other means, without traffic. */
async function poison(cloud: Cloud): Promise<void> {
  const on = { name: 'OA_MAINTENANCE_MODE_ENABLED', value: 'true' };
  cloud.changeTemplate(
    SERVICE,
    (template) => ({
      ...template,
      containers: (template.containers ?? []).map((each) => ({ ...each, env: [...(each.env ?? []), on] })),
    }),
    'dave@example.com',
  );
  await cloud.settled();
}

async function statusOf(cloud: Cloud): Promise<number> {
  const { statusCode, body } = await request(cloud.service(SERVICE).uri);
  await body.dump();
  return statusCode;
}

describe('a candidate in maintenance mode while what serves is not', () => {
  test('is not deployed, unless one insists; disable cleans the template', async () => {
    await using cloud = await world();
    await poison(cloud);
    const before = cloud.service(SERVICE);
    const refused = await canary(cloud, ['deploy-no-traffic', `${IMAGES}:next`]);
    assert.equal(refused.exitCode, 1);
    assert.match(
      refused.stderr,
      /^error: the newest template of control has maintenance mode on, but what serves/m,
    );
    assert.match(
      refused.stderr,
      /^Nothing was changed\. .*:\n {2}.*maintenance-mode\.ts disable\n.*SKIP_MAINTENANCE_CHECK=1/m,
    );
    assert.deepEqual(cloud.service(SERVICE), before);
    const status = await runScript('maintenance-mode', ['status'], { env: cloudEnv(cloud) });
    assert.match(
      status.stderr,
      /^maintenance mode of control is off; the newest template has it switched on/,
    );
    assert.equal((await canary(cloud, ['deploy-no-traffic', `${IMAGES}:next`], INSIST)).exitCode, 0);

    const disabled = await window(cloud, 'disable');
    assert.equal(disabled.exitCode, 0, disabled.stderr);
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[0]}=100`]);
    const deployed = await canary(cloud, ['deploy-no-traffic', `${IMAGES}:next`]);
    assert.equal(deployed.exitCode, 0, deployed.stderr);
  });

  test('gets no traffic, unless one insists; going back from it is not refused', async () => {
    await using cloud = await world();
    await poison(cloud);
    const [stable = '', , poisoned = ''] = revisionNames(cloud);
    for (const percent of ['5', '100']) {
      const refused = await canary(cloud, ['set-traffic', stable, poisoned, percent]);
      assert.equal(refused.exitCode, 1);
      assert.match(
        refused.stderr,
        new RegExp(`^error: ${poisoned} is in maintenance mode, but what serves`, 'm'),
      );
      assert.match(refused.stderr, /SKIP_MAINTENANCE_CHECK=1/);
      assert.deepEqual(serving(cloud), [`${stable}=100`]);
    }
    assert.equal((await canary(cloud, ['set-traffic', stable, poisoned, '50'], INSIST)).exitCode, 0);
    const back = await canary(cloud, ['rollback', stable]);
    assert.equal(back.exitCode, 0, back.stderr);
    assert.deepEqual(serving(cloud), [`${stable}=100`]);
  });
});

describe('deploy-staging from a template in maintenance mode', () => {
  const on = { OA_MAINTENANCE_MODE_ENABLED: 'true' };
  const place = async () => {
    const cloud = await staging();
    cloud.changeTemplate(
      STAGING_SERVICE,
      (template) => ({
        ...template,
        containers: (template.containers ?? []).map((each) => ({
          ...each,
          env: [...(each.env ?? []), ...Object.entries(on).map(([name, value]) => ({ name, value }))],
        })),
      }),
      'dave@example.com',
    );
    cloud.changeTraffic(
      STAGING_SERVICE,
      [
        {
          type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION',
          revision: cloud.revisions(STAGING_SERVICE).at(-1)?.name.split('/').at(-1) ?? '',
          percent: 100,
        },
      ],
      'dave@example.com',
    );
    await cloud.settled();
    return preflightWorld(cloud);
  };

  test('is refused by the preflight, and without one by the deployment', async () => {
    await using world = await place();
    const revisions = world.cloud.revisions(STAGING_SERVICE).length;
    const checked = await world.run('deploy-staging', { SKIP_VERIFY: '1' });
    assert.equal(checked.exitCode, 1);
    assert.match(
      checked.stderr,
      /^\[error\] maintenance: the newest template of \S+ has maintenance mode on/m,
    );
    assert.doesNotMatch(checked.stdout, /web-shell dist build/);
    const unchecked = await world.run('deploy-staging', { SKIP_VERIFY: '1', SKIP_PREFLIGHT: '1' });
    assert.equal(unchecked.exitCode, 1);
    assert.match(unchecked.stderr, /^error: the newest template of \S+ has maintenance mode on/m);
    assert.equal(world.cloud.revisions(STAGING_SERVICE).length, revisions);
  });

  test('is made when one insists', async () => {
    await using world = await place();
    const revisions = world.cloud.revisions(STAGING_SERVICE).length;
    const run = await world.run('deploy-staging', { SKIP_VERIFY: '1', ...INSIST });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.equal(world.cloud.revisions(STAGING_SERVICE).length, revisions + 1);
    assert.match(run.stderr, /^\[warning\] maintenance: /m);
  });
});

describe('while a window is open', () => {
  for (const args of [
    (stable: string) => ['rollback', stable],
    (stable: string, other: string) => ['set-traffic', stable, other, '5'],
  ]) {
    test(`${args('', '')[0]} past it is refused, names disable, and may be insisted on`, async () => {
      await using cloud = await world();
      const [stable = '', release = ''] = revisionNames(cloud);
      assert.equal((await window(cloud, 'enable')).exitCode, 0);
      const before = serving(cloud);
      const refused = await canary(cloud, args(stable, release));
      assert.equal(refused.exitCode, 1);
      assert.match(
        refused.stderr,
        /^error: a maintenance window of control is open \(.*\): this would take the public past it$/m,
      );
      assert.match(
        refused.stderr,
        /^Nothing was changed\. .*:\n {2}.*maintenance-mode\.ts disable\n.*SKIP_MAINTENANCE_CHECK=1$/m,
      );
      assert.deepEqual(serving(cloud), before);
      assert.equal(await statusOf(cloud), 503);
      assert.equal((await canary(cloud, args(stable, release), INSIST)).exitCode, 0);
      assert.equal(await statusOf(cloud), 200);
    });
  }

  test('a promotion says so and names disable, whether or not there is a candidate, and may be insisted on', async () => {
    await using cloud = await world();
    const [, release = ''] = revisionNames(cloud);
    assert.equal((await window(cloud, 'enable')).exitCode, 0);
    const before = serving(cloud);
    for (const args of [['promote'], ['promote', release]]) {
      const refused = await canary(cloud, args);
      assert.equal(refused.exitCode, 1);
      assert.match(
        refused.stderr,
        /^error: a maintenance window of control is open \(\S+=100\): nothing is promoted/m,
      );
      assert.match(
        refused.stderr,
        /^Nothing was changed\. .*:\n {2}.*maintenance-mode\.ts disable\n.*SKIP_MAINTENANCE_CHECK=1$/m,
      );
    }
    assert.deepEqual(serving(cloud), before);
    assert.match((await canary(cloud, ['promote'], INSIST)).stderr, /there is nothing to promote/);
  });

  test('a deployment without traffic is made, and its revision gets no traffic after the window', async () => {
    await using cloud = await world();
    const [stable = ''] = revisionNames(cloud);
    await window(cloud, 'enable');
    const deployed = await canary(cloud, ['deploy-no-traffic', `${IMAGES}:next`]);
    assert.equal(deployed.exitCode, 0, deployed.stderr);
    const made = revisionNames(cloud).at(-1) ?? '';
    assert.equal((await window(cloud, 'disable')).exitCode, 0);
    assert.deepEqual(serving(cloud), [`${stable}=100`]);
    assert.equal((await canary(cloud, ['set-traffic', stable, made, '5'])).exitCode, 1);
  });
});
