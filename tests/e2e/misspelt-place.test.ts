import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cloudWith, PROJECT } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';

describe('a misspelt PROJECT, REGION or SERVICE', () => {
  for (const [script, args, variable, meant] of [
    ['canary-rollout', ['rollback', 'control-00001-abc'], 'SERVCIE', 'SERVICE'],
    ['canary-rollout', ['promote'], 'SERVICES', 'SERVICE'],
    ['maintenance-mode', ['disable'], 'service', 'SERVICE'],
    ['deploy-production', [], 'PROJCT', 'PROJECT'],
    ['deploy-staging', [], 'REGOIN', 'REGION'],
  ] as const) {
    test(`${[script, ...args].join(' ')} refuses ${variable}, asks nothing, and names what insists`, async () => {
      await using cloud = await cloudWith();
      const run = await runScript(script, args, {
        env: {
          CLOUD_RUN_EMULATOR_HOST: cloud.host,
          ...(meant === 'PROJECT' ? {} : { PROJECT }),
          IMAGE: 'registry.example.com/openagents/control:one',
          [variable]: 'control',
        },
      });
      assert.equal(run.exitCode, 1);
      assert.equal(run.stdout, '');
      assert.match(
        run.stderr,
        new RegExp(
          `^error: ${variable} is set and ${meant} is not: .*\\nNothing was changed.*SKIP_SPELLING_CHECK=1$`,
          'm',
        ),
      );
      assert.equal(cloud.requests.length, 0);
    });
  }

  test('is a warning for what only looks, in a dry run, and where one insists', async () => {
    await using cloud = await cloudWith();
    const env = { CLOUD_RUN_EMULATOR_HOST: cloud.host, PROJECT, SERVCE: 'control' };
    const rollback = ['rollback', 'control-00001-abc'];
    for (const [args, more] of [
      [['status'], {}],
      [rollback, { DRY_RUN: '1' }],
      [rollback, { SKIP_SPELLING_CHECK: '1' }],
    ] as const) {
      const run = await runScript('canary-rollout', args, { env: { ...env, ...more } });
      assert.match(run.stderr, /^warning: SERVCE is not read by this script; did you mean SERVICE\?$/m);
      assert.match(run.stdout, /^\+ gcloud run services /);
    }
  });
});
