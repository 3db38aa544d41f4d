import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { matrixWorld, RUNTIME_IMAGE, statuses } from '../support/matrix.ts';

describe('a whole matrix', () => {
  test('passes when both environments are as they should be, and says so in every file', async () => {
    await using world = await matrixWorld();
    const stepSummary = join(world.folder, 'step-summary.md');
    const run = await world.run({ GITHUB_STEP_SUMMARY: stepSummary });
    assert.equal(run.stderr, '');
    assert.equal(run.exitCode, 0);
    const lines = run.stdout.trimEnd().split('\n');
    assert.equal(lines.length, 14);
    assert.ok(
      lines.slice(0, 12).every((line) => line.startsWith('[passed] ')),
      run.stdout,
    );
    assert.equal(lines[12], `[matrix] results: ${world.folder}/results.tsv`);
    assert.equal(lines[13], `[matrix] summary: ${world.folder}/SUMMARY.md`);

    const results = world.results();
    assert.equal(results.overall, 'passed');
    assert.deepEqual(results.totals, {
      checks: 12,
      passed: 12,
      requiredFailures: 0,
      optionalFailures: 0,
      requiredSkipped: 0,
      optionalSkipped: 0,
    });
    const ids = results.checks.map(({ id }) => id);
    assert.deepEqual(
      lines.slice(0, 12).map((line) => line.split(' ')[1]),
      ids,
    );
    const tsv = world.read('results.tsv').trimEnd().split('\n').slice(1);
    assert.deepEqual(
      tsv.map((row) => row.split('\t')[0]),
      ids,
    );
    assert.ok(tsv.every((row) => row.split('\t').length === 6));
    assert.match(world.read('junit.xml'), /tests="12" failures="0" skipped="0"/);
    assert.match(world.read('SUMMARY.md'), /^- Overall: passed$/m);
    assert.equal(readFileSync(stepSummary, 'utf8'), world.read('SUMMARY.md'));
    for (const check of results.checks) {
      assert.ok(check.status === 'passed' && check.durationMs >= 0);
      assert.ok(world.read(check.log).trimEnd().endsWith(`passed: ${check.conclusion}`));
    }
  });

  test('a red one says why below the failed check, lists it first in SUMMARY.md, and shows how to run it again', async () => {
    await using world = await matrixWorld();
    const run = await world.run({
      EXPECTED_IMAGE: 'registry.example.com/openagents/runtime:eight',
      GITHUB_ACTIONS: 'true',
    });
    assert.equal(run.exitCode, 1);
    assert.match(run.stdout, /^\[failed\] runtime-migration-drift \(required\)$/m);
    assert.match(run.stderr, /^ {2}.*runtime:seven.*runtime:eight/m);
    const rows = world.read('SUMMARY.md').split('## Check Results')[1]?.split('\n') ?? [];
    assert.match(rows[4] ?? '', /^\| runtime-migration-drift \| required \| failed \|/);
    assert.match(
      run.stderr,
      /^next, to run what failed again:\n {2}.*MATRIX_ONLY=runtime-migration-drift .*PROD_CONTROL_BASE_URL=\S+ .*EXPECTED_IMAGE=\S+ .*validate-rust-cutover\.ts$/m,
    );
  });

  test('asks what it says it asks: cargo one by one, and nothing in the cloud is changed', async () => {
    await using world = await matrixWorld();
    await world.run();
    const root = world.checkout.root;
    const manifest = `${root}/apps/runtime/Cargo.toml`;
    const smoke = { tool: 'cargo', args: ['run', '--manifest-path', manifest, '--bin', 'runtime-smoke'] };
    assert.deepEqual(await world.tools.calls(), [
      smoke,
      smoke,
      {
        tool: 'cargo',
        args: [
          'test',
          '--manifest-path',
          manifest,
          'server::tests::khala_topic_messages',
          '--',
          '--nocapture',
        ],
      },
    ]);
    const asked = world.cloud.requests.map(
      ({ method, path }) => `${method} ${path.split('/').slice(-2).join('/')}`,
    );
    assert.deepEqual(asked.sort(), [
      'GET jobs/runtime-migrate',
      'GET runtime-migrate/executions',
      'GET services/openagents-control-service',
      'GET services/runtime',
      'POST v2/entries:list',
      'POST v2/entries:list',
    ]);
    assert.match(world.read('logs/runtime-prod-smoke.log'), /writes a run into the store of http/);
    assert.match(
      world.read('logs/control-canary-status.log'),
      /^\+ gcloud run services describe openagents-control-service --project openagentsgemini --region us-central1 --format yaml/m,
    );
    assert.match(
      world.read('logs/control-canary-status.log'),
      /latestReadyRevisionName: openagents-control-service-00001/,
    );
    assert.match(
      world.read('logs/control-prod-smoke.log'),
      /- readiness: GET \/readyz: HTTP 200 after \d+ ms: good/,
    );
  });

  test('fails when a required check fails, names it on stderr, and exits 0 only when told to', async () => {
    await using world = await matrixWorld({
      cloud: {
        jobs: [
          {
            name: 'runtime-migrate',
            image: RUNTIME_IMAGE,
            executions: [{ name: 'runtime-migrate-bad', state: 'failed' }],
          },
        ],
      },
      cargo: 'echo "a test failed" >&2; exit 101',
    });
    const run = await world.run({ FAIL_ON_REQUIRED_FAILURE: '0' });
    assert.equal(run.exitCode, 0, run.stderr);
    const red = await world.run();
    assert.equal(red.exitCode, 1);
    assert.match(
      red.stderr,
      /^error: the matrix has not passed \(failed: runtime-staging-smoke, runtime-prod-smoke, runtime-migration-drift, khala-contract-tests\)\n/,
    );
    assert.match(world.read('logs/khala-contract-tests.log'), /^a test failed$/m);
    assert.match(world.read('logs/khala-contract-tests.log'), /failed: cargo ended with exit code 101/);
    assert.match(
      world.read('logs/runtime-migration-drift.log'),
      /drift: execution runtime-migrate-bad of .* should have succeeded, but is failed \(NON_ZERO_EXIT_CODE: /,
    );
    assert.match(world.read('junit.xml'), /failures="4" skipped="0"/);
    const { totals } = world.results();
    assert.deepEqual([totals.passed, totals.requiredFailures], [8, 4]);
  });

  test('an optional check that fails does not fail the whole', async () => {
    await using world = await matrixWorld();
    await world.tools.put(
      join(world.checkout.root, 'scripts/run-cross-surface-contract-harness.sh'),
      'echo "contracts differ"; exit 3',
    );
    const run = await world.run();
    assert.equal(run.exitCode, 0, run.stderr);
    assert.match(run.stdout, /^\[failed\] cross-surface-contract-harness \(optional\)$/m);
    assert.equal(world.results().totals.optionalFailures, 1);
    assert.match(world.read('junit.xml'), /failures="0" skipped="1"/);
  });

  test('a check that crashes is failed with its log, and the others go on', async () => {
    await using world = await matrixWorld();
    world.cloud.on({ match: { path: /entries:list/ }, fault: { kind: 'not-json' }, times: 20 });
    const run = await world.run({ CONTROL_SERVICE: 'nobody-knows-it' });
    assert.equal(run.exitCode, 1);
    const {
      'control-error-log-probe': a,
      'runtime-error-log-probe': b,
      ...others
    } = statuses(world.results());
    assert.deepEqual(
      [a, b, others['control-canary-status'], others['runtime-migration-drift']],
      ['failed', 'failed', 'failed', 'passed'],
    );
    assert.match(
      world.read('logs/control-canary-status.log'),
      /Check GCP_PROJECT, GCP_REGION, CONTROL_SERVICE\./,
    );
  });
});

describe('the error log probes', () => {
  const logEntries = [
    { service: 'openagents-control-service', payload: 'the store is gone', revision: 'control-00007-abc' },
    {
      service: 'openagents-control-service',
      payload: { message: 'again', attempt: 2 },
      severity: 'CRITICAL',
    },
    { service: 'openagents-control-service', payload: 'nothing to see', severity: 'WARNING' },
    { service: 'openagents-control-service', payload: 'long ago', timestamp: '2026-01-01T00:00:00Z' },
  ] as const;

  test('count what was logged as an error in the last ten minutes, and pass', async () => {
    await using world = await matrixWorld({ cloud: { logEntries } });
    const run = await world.run({ MATRIX_ONLY: 'control-error-log-probe', FAIL_ON_REQUIRED_FAILURE: '0' });
    assert.equal(run.exitCode, 0, run.stderr);
    const log = world.read('logs/control-error-log-probe.log');
    assert.match(log, /ERROR control-00007-abc the store is gone$/m);
    assert.match(log, /CRITICAL \S+ \{"message":"again","attempt":2\}$/m);
    assert.doesNotMatch(log, /nothing to see|long ago/);
    assert.match(
      world.read('SUMMARY.md'),
      /2 error entries of openagents-control-service in the last 10 minutes/,
    );
    const check = world.results().checks.find(({ id }) => id === 'control-error-log-probe');
    assert.ok(check?.status === 'passed');
    assert.deepEqual(check.figures, { errorEntries: 2 });
  });

  test('fail with FAIL_ON_ERROR_LOGS=1', async () => {
    await using world = await matrixWorld({ cloud: { logEntries } });
    const run = await world.run({ FAIL_ON_ERROR_LOGS: '1' });
    assert.equal(run.exitCode, 1);
    const { 'control-error-log-probe': control, 'runtime-error-log-probe': runtime } = statuses(
      world.results(),
    );
    assert.deepEqual([control, runtime], ['failed', 'passed']);
  });

  test('fail when the logs cannot be read', async () => {
    await using world = await matrixWorld({ cloud: { denied: ['logging.logEntries.list'] } });
    const run = await world.run();
    assert.equal(run.exitCode, 1);
    assert.match(world.read('logs/runtime-error-log-probe.log'), /no permission in project openagentsgemini/);
    assert.match(world.read('logs/runtime-error-log-probe.log'), /roles\/logging\.viewer/);
  });
});
