import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { controlService, maintenanceEnv } from '../support/control-service.ts';
import { matrixWorld, statuses } from '../support/matrix.ts';
import { recordedService } from '../support/recorded-service.ts';
import { runScriptProcess } from '../support/run-script.ts';

describe('tokens', () => {
  const tokens = {
    STAGING_CONTROL_ACCESS_TOKEN: 'tok-good',
    PROD_CONTROL_ACCESS_TOKEN: 'tok-prod-71',
    OPENAGENTS_MAINTENANCE_BYPASS_TOKEN: 'let-me-in',
    PROD_MAINTENANCE_BYPASS_TOKEN: 'let-me-in-prod',
    CLOUDSDK_AUTH_ACCESS_TOKEN: 'ya29.cloud-token',
    RUNTIME_API_TOKEN: 'rt-0123456789',
  };

  test('go where they belong, and are in no file and no output', async () => {
    await using staging = await recordedService({ maintenance: true });
    await using prod = await recordedService({ token: 'tok-prod-71' });
    await using world = await matrixWorld({ cargo: 'env; echo "$*"', runWith: runScriptProcess });
    world.cloud.log({ service: 'runtime', payload: 'refused bearer tok-prod-71' });
    const run = await world.run({
      STAGING_CONTROL_BASE_URL: staging.url,
      PROD_CONTROL_BASE_URL: prod.url,
      ...tokens,
    });
    assert.equal(run.exitCode, 0, `${run.stderr}\n${run.stdout}`);
    assert.match(run.stderr, /^OPENAGENTS_MAINTENANCE_BYPASS_TOKEN goes to staging only/);
    assert.match(
      world.read('logs/control-staging-smoke.log'),
      /OPENAGENTS_MAINTENANCE_BYPASS_TOKEN goes to staging only/,
    );
    assert.ok(staging.seen.some(({ path }) => path === '/?maintenance_bypass=let-me-in'));
    assert.ok(prod.seen.some(({ path }) => path === '/?maintenance_bypass=let-me-in-prod'));
    assert.ok(staging.seen.every(({ auth }) => auth === null || auth === 'Bearer tok-good'));
    assert.ok(prod.seen.every(({ auth }) => auth === null || auth === 'Bearer tok-prod-71'));

    const files = readdirSync(world.folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(world.folder, name))
      .filter((path) => statSync(path).isFile());
    assert.equal(files.length, 16);
    for (const token of Object.values(tokens)) {
      assert.ok(!`${run.stdout}${run.stderr}`.includes(token), `${token} in the output`);
      for (const file of files) assert.ok(!readFileSync(file, 'utf8').includes(token), `${token} in ${file}`);
    }
    assert.match(world.read('logs/khala-contract-tests.log'), /^RUNTIME_API_TOKEN=<redacted>$/m);
    assert.doesNotMatch(
      world.read('logs/khala-contract-tests.log'),
      /CONTROL_ACCESS_TOKEN|BYPASS_TOKEN|CLOUDSDK/,
    );
    assert.match(world.read('results.tsv'), /OPENAGENTS_CONTROL_ACCESS_TOKEN='<redacted>'/);
  });

  test('an environment in its maintenance window fails its smoke check without its own bypass token', async () => {
    await using prod = await controlService({ env: maintenanceEnv('only-for-prod') });
    await using world = await matrixWorld({ runWith: runScriptProcess });
    const url = { PROD_CONTROL_BASE_URL: `http://127.0.0.1:${prod.port}` };
    const only = { MATRIX_ONLY: 'control-prod-smoke', FAIL_ON_REQUIRED_FAILURE: '0' };
    await world.run({ ...url, ...only, OPENAGENTS_MAINTENANCE_BYPASS_TOKEN: 'only-for-prod' });
    assert.equal(statuses(world.results())['control-prod-smoke'], 'failed');
    await world.run({ ...url, ...only, PROD_MAINTENANCE_BYPASS_TOKEN: 'only-for-prod' });
    assert.equal(statuses(world.results())['control-prod-smoke'], 'passed');
  });
});
