import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cloudEnv, cloudWith } from '../support/cloud.ts';
import { matrixWorld } from '../support/matrix.ts';
import { runScriptProcess } from '../support/run-script.ts';

const REAL = 'https://openagents.com';

describe('a local Cloud Run and a public base URL', () => {
  for (const [script, args] of [
    ['smoke-health', []],
    ['smoke-control', []],
    ['maintenance-mode', ['enable']],
    ['maintenance-mode', ['disable']],
  ] as const) {
    test(`${[script, ...args].join(' ')} refuses, and asks nothing`, async () => {
      await using cloud = await cloudWith();
      const run = await runScriptProcess(script, args, {
        env: { ...cloudEnv(cloud), OPENAGENTS_BASE_URL: REAL },
      });
      assert.equal(run.exitCode, 1);
      assert.match(
        run.stderr,
        /^error: OPENAGENTS_BASE_URL leads to openagents\.com, while CLOUD_RUN_EMULATOR_HOST/m,
      );
      assert.equal(cloud.requests.length, 0);
    });
  }

  test('the matrix refuses, its defaults included, before it runs anything; not for what is not run', async () => {
    await using world = await matrixWorld();
    for (const variable of ['STAGING_CONTROL_BASE_URL', 'PROD_CONTROL_BASE_URL']) {
      const run = await world.run({ [variable]: undefined });
      assert.equal(run.exitCode, 1);
      assert.match(
        run.stderr,
        new RegExp(`^error: ${variable} leads to (?:staging\\.)?openagents\\.com`, 'm'),
      );
      assert.equal(run.stdout, '');
    }
    const run = await world.run({
      PROD_CONTROL_BASE_URL: undefined,
      MATRIX_ONLY: 'control-staging-health',
      FAIL_ON_REQUIRED_FAILURE: '0',
    });
    assert.equal(run.exitCode, 0, run.stderr);
  });
});
