import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { projectRoot } from '@deploy/cli';
import { matrixWorld, statuses } from '../support/matrix.ts';

test('MATRIX_ONLY makes the named checks and exits by them; the whole stays failed, since the rest was skipped', async () => {
  await using world = await matrixWorld();
  const only = { MATRIX_ONLY: 'control-prod-health, runtime-migration-drift' };
  const run = await world.run(only);
  assert.equal(run.exitCode, 0, run.stderr);
  assert.match(
    run.stderr,
    /^note: the checks that MATRIX_ONLY names have passed; the matrix as a whole has not$/m,
  );
  assert.equal(world.results().overall, 'failed');
  const made = Object.entries(statuses(world.results())).filter(([, status]) => status !== 'skipped');
  assert.deepEqual(made, [
    ['control-prod-health', 'passed'],
    ['runtime-migration-drift', 'passed'],
  ]);
  assert.match(world.read('results.tsv'), /^control-staging-smoke\t.*\tnot in MATRIX_ONLY$/m);
  assert.deepEqual(await world.tools.calls(), []);

  world.cloud.addExecution('runtime-migrate', { state: 'failed' });
  const red = await world.run(only);
  assert.equal(red.exitCode, 1);
  assert.match(red.stderr, /^error: the matrix has not passed \(failed: runtime-migration-drift\)$/m);
  const unmade = await world.run({ MATRIX_ONLY: 'runtime-prod-smoke', PROD_RUNTIME_BASE_URL: '' });
  assert.equal(unmade.exitCode, 1);
  assert.match(unmade.stderr, /^error: the matrix has not passed \(1 required check skipped\)$/m);
});

test('every command reruns its one check, from the root of the checkout', async () => {
  await using world = await matrixWorld();
  assert.equal((await world.run()).exitCode, 0);
  const { checks } = world.results();
  const rerun = checks.filter(({ id }) =>
    [
      'control-prod-health',
      'control-staging-smoke',
      'runtime-staging-smoke',
      'control-canary-status',
      'runtime-migration-drift',
      'control-error-log-probe',
    ].includes(id),
  );
  assert.equal(rerun.length, 6);
  // Outside the project's folder, npx would fetch pnpm over the network; this project's own is the same.
  const npx = join(world.tools.folder, 'npx');
  await writeFile(npx, '#!/bin/sh\n[ "$1 $2" = "--yes pnpm@12" ] && shift 2 && exec pnpm "$@"\n', {
    mode: 0o755,
  });
  for (const check of rerun) {
    assert.ok(check.status === 'passed');
    const path = [world.tools.folder, join(projectRoot, 'node_modules/.bin'), process.env.PATH].join(':');
    const env = { PATH: path, HOME: process.env.HOME };
    await promisify(execFile)('sh', ['-c', check.command], { cwd: world.checkout.root, env });
  }
  const probe = checks.find(({ id }) => id === 'runtime-migration-drift');
  assert.ok(probe?.status === 'passed');
  assert.match(probe.command, /^MATRIX_ONLY=runtime-migration-drift OPENAGENTS_REPO_ROOT="\$PWD" /);
});

test('settings that cannot be used are refused by name, before anything is asked, run or written', async () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ PROD_CONTROL_BASE_URL: 'openagents.com' }, /^error: PROD_CONTROL_BASE_URL is "openagents.com"/],
    [{ STAGING_RUNTIME_BASE_URL: 'http://u:p@h' }, /^error: STAGING_RUNTIME_BASE_URL is /],
    [{ GCP_PROJECT: 'a/b' }, /^error: GCP_PROJECT is "a\/b"/],
    [{ MIGRATE_JOB: '../x' }, /^error: MIGRATE_JOB is "\.\.\/x"/],
    [
      { PROD_CONTROL_ACCESS_TOKEN: 'tok-\nprod' },
      /^error: PROD_CONTROL_ACCESS_TOKEN contains a space, a line break /,
    ],
    [{ STAGING_MAINTENANCE_BYPASS_TOKEN: 'a b' }, /^error: STAGING_MAINTENANCE_BYPASS_TOKEN may hold only /],
    [{ RUN_LOG_PROBES: 'yes' }, /^error: RUN_LOG_PROBES is "yes", but a switch is/],
    [{ RUN_LOG_PROBES: '1 ' }, /^error: RUN_LOG_PROBES is "1 ", but a switch is/],
    [{ RUN_LOG_PROBES: '1\r' }, /^error: RUN_LOG_PROBES is "1\\r", but a switch is/],
    [{ OUTPUT_DIR: '/proc/nowhere/results' }, /^error: \/proc\/nowhere\/results cannot be written/],
    [{ HTTP_PROXY: '', all_proxy: 'ftp://proxy' }, /^error: all_proxy does not name a usable proxy/],
    [{ OUTPUT_DIR: '/dev/null/results' }, /^error: \/dev\/null\/results cannot be written/],
    [
      { MATRIX_ONLY: 'control-prod-helth' },
      /^error: MATRIX_ONLY names "control-prod-helth", .*\nThe checks are: /,
    ],
  ];
  await using world = await matrixWorld();
  await Promise.all(
    cases.map(async ([env, message]) => {
      const run = await world.run(env);
      assert.equal(run.exitCode, 1);
      assert.match(run.stderr, message);
      assert.equal(run.stdout, '');
    }),
  );
  assert.deepEqual(
    [readdirSync(world.folder), await world.tools.calls(), world.cloud.requests],
    [[], [], []],
  );
});
