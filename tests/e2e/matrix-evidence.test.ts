import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readReport } from '@deploy/report';
import { matrixWorld } from '../support/matrix.ts';
import { runScriptProcess } from '../support/run-script.ts';

const REPORTS = 'apps/openagents.com/service/docs/reports';
const STAGING = 'openagents-control-service-staging';

test('the verdict goes into the open evidence report of the rollout that is checked', async () => {
  await using world = await matrixWorld();
  const folder = join(world.checkout.root, REPORTS);
  const deployed = await runScriptProcess('deploy-staging', [], {
    env: {
      ...world.env,
      PROJECT: 'openagentsgemini',
      IMAGE: 'registry.example.com/openagents/control:two',
      SKIP_VERIFY: '1',
      SKIP_PREFLIGHT: '1',
    },
  });
  assert.equal(deployed.exitCode, 0, deployed.stderr);
  const name = readdirSync(folder).find((each) => each.endsWith('-report.md')) ?? '';
  const recorded = async () => (await readReport(join(folder, name))).record.matrices?.at(-1);
  assert.equal(await recorded(), undefined);

  // Found by the staging URL, though the control service of the cloud checks is production's.
  const inCheckout = join(world.checkout.root, 'docs/reports/rust-cutover-validation/now');
  assert.equal((await world.run({ OUTPUT_DIR: inCheckout })).exitCode, 0);
  assert.partialDeepStrictEqual(await recorded(), {
    verdict: 'passed',
    summary: 'docs/reports/rust-cutover-validation/now/SUMMARY.md',
    baseUrls: [world.env.STAGING_CONTROL_BASE_URL, world.env.PROD_CONTROL_BASE_URL],
  });

  // Some checks made again do not take a verdict back.
  assert.equal((await world.run({ MATRIX_ONLY: 'control-prod-health' })).exitCode, 0);
  assert.equal((await recorded())?.verdict, 'passed');

  // Found by the service, when the URL is one that the report does not know.
  world.cloud.addExecution('runtime-migrate', { state: 'failed' });
  const { PROD_CONTROL_BASE_URL } = world.env;
  const red = await world.run({ STAGING_CONTROL_BASE_URL: PROD_CONTROL_BASE_URL, CONTROL_SERVICE: STAGING });
  assert.equal(red.exitCode, 1);
  assert.deepEqual([(await recorded())?.verdict, (await recorded())?.summary], ['failed', undefined]);
});

test('EVIDENCE_REPORT=none writes none; a file that is no report is refused before anything is asked', async () => {
  await using world = await matrixWorld();
  const run = await world.run({ EVIDENCE_REPORT: join(world.checkout.root, 'Cargo.toml') });
  assert.equal(run.exitCode, 1);
  assert.match(run.stderr, /^error: .*Cargo\.toml/);
  assert.deepEqual([readdirSync(world.folder), world.cloud.requests], [[], []]);
  assert.equal((await world.run({ EVIDENCE_REPORT: 'none' })).exitCode, 0);
});
