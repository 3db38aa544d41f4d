import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readReport } from '@deploy/report';
import { rollbackCommand } from '@deploy/report/record';
import { revisionNames, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { preflightWorld } from '../support/preflight-world.ts';
import { IMAGES, SERVICE, staging } from '../support/staging.ts';

// A deployment while a maintenance window is open: what it calls stable is what the window goes back to.

const kinds = [
  { traffic: 'follows LATEST', service: {}, revisions: 1 },
  {
    traffic: 'is pinned',
    service: { laterImages: [`${IMAGES}:other`], traffic: [{ revision: 1, percent: 100 }] },
    revisions: 2,
  },
];

async function place(service: (typeof kinds)[number]['service']) {
  const world = await preflightWorld(await staging({ service }));
  const run = async (script: string, args: string[] = [], more: Record<string, string> = {}) => {
    const env = {
      ...{ CLOUD_RUN_EMULATOR_HOST: world.cloud.host, PROJECT: 'openagentsgemini', SERVICE },
      ...{ OPENAGENTS_REPO_ROOT: world.checkout.root, ...more },
    };
    return runScript(script, args, { env });
  };
  return {
    ...world,
    act: run,
    names: () => revisionNames(world.cloud, SERVICE),
    serving: () => serving(world.cloud, SERVICE),
    async report() {
      const folder = join(world.checkout.root, 'apps/openagents.com/service/docs/reports');
      const [name = ''] = (await readdir(folder)).filter((each) =>
        each.endsWith('-staging-deploy-report.md'),
      );
      const path = join(folder, name);
      return { text: await readFile(path, 'utf8'), ...(await readReport(path)) };
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

describe('deploy-staging while a maintenance window is open', { concurrency: 2 }, () => {
  for (const { traffic, service, revisions } of kinds) {
    test(`where traffic ${traffic}: says so and what comes next; the report, closing and promoting agree on stable and candidate`, async () => {
      await using world = await place(service);
      const [stable = ''] = world.names();
      const opening: Record<string, string> = {
        MAINTENANCE_BYPASS_TOKEN: 'sesame-0123456789abcdef',
        ...(revisions > 1 && { MAINTENANCE_MOVE_TRAFFIC: '1' }),
      };
      assert.equal((await world.act('maintenance-mode', ['enable'], opening)).exitCode, 0);
      const inWindow = world.serving();
      assert.notDeepEqual(inWindow, [`${stable}=100`]);

      const deployed = await world.run('deploy-staging', { SKIP_VERIFY: '1', SKIP_PREFLIGHT: '1' });
      assert.equal(deployed.exitCode, 0, deployed.stderr);
      assert.deepEqual(world.serving(), inWindow);
      const made = world.names().at(-1) ?? '';
      const short = stable.slice(SERVICE.length + 1);
      assert.match(
        deployed.stderr,
        new RegExp(
          `^a maintenance window is open \\(\\S+=100\\), since 20\\S+Z \\(.*\\), opened by operator@example\\.com; closing it gives the traffic back to ${short}=100$`,
          'm',
        ),
      );
      assert.match(deployed.stderr, new RegExp(`^${made} is in maintenance mode as well`, 'm'));
      assert.match(
        deployed.stderr,
        /^to close the maintenance window:\n {2}.*maintenance-mode\.ts disable\nthen, .*:\n {2}.*canary-rollout\.ts promote$/m,
      );
      assert.match(deployed.stdout, /^\[deploy\] done\. .* Next: close the maintenance window \(/m);

      const open = await world.report();
      assert.equal(open.record.stable, stable);
      assert.equal(open.record.revisions.before, stable);
      assert.match(rollbackCommand(open.record) ?? '', new RegExp(`rollback ${stable}$`));
      assert.match(open.text, /^- the maintenance window is open$/m);
      assert.match(
        open.text,
        new RegExp(`^- Before: .*=?100 % \\(a maintenance window, .*goes back to ${stable} 100 %\\)$`, 'm'),
      );
      assert.match(
        open.text,
        /^Stable revision: .*, which held all the traffic before the maintenance window/m,
      );

      // It needs no leave to move the traffic, since it only brings it back.
      const closed = await world.act('maintenance-mode', ['disable']);
      assert.equal(closed.exitCode, 0, closed.stderr);
      assert.deepEqual(world.serving(), [`${stable}=100`]);
      const candidate = world.names().at(-1) ?? '';
      assert.equal(world.cloud.imageDigest(SERVICE, candidate), world.cloud.imageDigest(SERVICE, made));
      const after = await world.report();
      assert.equal(after.record.stable, stable);
      assert.deepEqual(after.record.revisions, { before: stable, after: candidate, deployed: made });
      assert.match(after.text, new RegExp(`^- Revision deployed: .*${made}.*made .*${candidate}`, 'm'));

      const refused = await world.act('canary-rollout', ['set-traffic', stable, made, '5']);
      assert.equal(refused.exitCode, 1);
      assert.match(
        refused.stderr,
        new RegExp(`^Nothing was changed\\. Closing the window made .*: ${candidate}$`, 'm'),
      );
      const promoting = await world.act('canary-rollout', ['promote', made]);
      assert.match(
        promoting.stderr,
        new RegExp(`^Nothing was changed\\. Closing the window made .*: ${candidate}$`, 'm'),
      );
      const shifted = await world.act('canary-rollout', ['set-traffic', stable, candidate, '5']);
      assert.equal(shifted.exitCode, 0, shifted.stderr);
      const back = await world.act('canary-rollout', ['rollback', stable]);
      assert.equal(back.exitCode, 0, back.stderr);
      assert.deepEqual(world.serving(), [`${stable}=100`]);
    });
  }

  test('opened by other means: the report calls none stable, instead of the revision in maintenance', async () => {
    await using world = await place({});
    const { cloud } = world;
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
    const deployed = await world.run('deploy-staging', { SKIP_VERIFY: '1', SKIP_PREFLIGHT: '1' });
    assert.equal(deployed.exitCode, 0, deployed.stderr);
    assert.match(
      deployed.stderr,
      /opened by dave@example\.com; closing it makes a copy of the serving revision outside maintenance mode$/m,
    );
    const { record, text } = await world.report();
    assert.equal(record.stable, undefined);
    assert.equal(rollbackCommand(record), undefined);
    assert.match(text, /^Stable revision: not known, since a maintenance window was open/m);

    // The deployment has pinned the traffic, so closing needs leave to move it, and the command that is shown has that.
    const close = /^ {2}.* MAINTENANCE_MOVE_TRAFFIC=1 .*maintenance-mode\.ts disable$/m;
    assert.match(deployed.stderr, close);
    const refused = await world.act('canary-rollout', ['promote']);
    assert.match(refused.stderr, /^error: a maintenance window of \S+ is open/m);
    assert.match(refused.stderr, close);
    const closed = await world.act('maintenance-mode', ['disable'], { MAINTENANCE_MOVE_TRAFFIC: '1' });
    assert.equal(closed.exitCode, 0, closed.stderr);
  });
});
