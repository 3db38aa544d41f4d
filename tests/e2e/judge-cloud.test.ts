import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Emulator, EmulatorOptions, Trigger } from '@deploy/emulator';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { without } from '../support/needs.ts';
import { ask } from '../support/observed.ts';
import { runOnTerminal } from '../support/on-terminal.ts';
import { refusingAddress } from '../support/refusing-address.ts';
import type { ScriptRun } from '../support/run-script.ts';

const MINUTE_MS = 60_000;
const METRIC_DELAY_MS = MINUTE_MS;

/** A local Cloud Run whose two revisions share the traffic, and whose clock runs a minute a second. */
function splitCloud(options: EmulatorOptions = {}, percent = 50): Promise<Emulator> {
  return cloudWith({
    clockSpeed: 60,
    logs: { delayMs: 1000 },
    monitoring: { delayMs: METRIC_DELAY_MS },
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:one`,
        laterImages: [`${IMAGES}:two`],
        traffic: [
          { revision: 1, percent: 100 - percent },
          { revision: 2, percent },
        ],
      },
    ],
    ...options,
  });
}

/** Requests in so many minutes, all of which are old enough in the end to be judged, whichever the source. */
async function traffic(cloud: Emulator, count: number, minutes = 1): Promise<void> {
  for (let i = 0; i < minutes; i += 1) {
    await ask(cloud.service(SERVICE).uri, count / minutes, '/login');
    if (i === minutes - 1) break;
    const next = (Math.floor(cloud.clock.now() / MINUTE_MS) + 1) * MINUTE_MS;
    while (cloud.clock.now() < next) await pause(20);
  }
  // By this clock the end of a request may come in the minute after the one in which its answer came.
  const closed = (Math.floor(cloud.clock.now() / MINUTE_MS) + 2) * MINUTE_MS + METRIC_DELAY_MS;
  while (cloud.clock.now() < closed) await pause(20);
}

// The window is long for this clock: the script takes as long to start as many a minute of it.
const ENV = { CANARY_WINDOW: '60m', CANARY_MIN_REQUESTS: '10' };

async function judge(
  cloud: Emulator,
  env: Record<string, string> = {},
  args: readonly string[] = revisionNames(cloud),
): Promise<ScriptRun & { verdict: Record<string, unknown> & { reason: string; signals: Signal[] } }> {
  const run = await runScript('canary-rollout', ['judge', ...args], {
    env: { ...cloudEnv(cloud), ...ENV, ...env },
  });
  return { ...run, verdict: run.stdout.startsWith('{') ? JSON.parse(run.stdout) : undefined };
}

type Signal = { signal: string; verdict: string; stable?: object; canary?: object };

const refused = (path: RegExp, httpStatus: number, status: string, skip = 0): Trigger => ({
  match: { path },
  fault: { kind: 'error', httpStatus, status, message: `made to fail: ${status}` },
  ...{ skip, times: 1000 },
});
const LOGS = /^\/v2\/entries:list$/;
const METRICS = /^\/v3\/projects\/[^/]+\/(?:timeSeries|metricDescriptors\/.*)$/;

const lineOf = (stderr: string): string => {
  const [error, ...others] = stderr.split('\n').filter((line) => line.startsWith('error: '));
  assert.equal(others.length, 0, stderr);
  return error ?? '';
};

describe('judge <stable> <canary>', { concurrency: 4 }, () => {
  test('a good candidate is healthy, by both sources alike, and nothing is changed', async () => {
    await using cloud = await splitCloud();
    await traffic(cloud, 60);
    const { generation } = cloud.service(SERVICE);
    const [logs, metrics] = await Promise.all([
      judge(cloud, { CANARY_SOURCE: 'logs' }),
      judge(cloud, { CANARY_SOURCE: 'monitoring' }),
    ]);
    for (const run of [logs, metrics]) {
      assert.equal(run.exitCode, 0, run.stdout + run.stderr);
      assert.match(run.verdict.reason, /^0 of 30 candidate requests failed \(stable 0 of 30\)/);
      assert.equal(run.verdict.canaryPercent, 50);
      assert.equal(run.stderr, '');
    }
    const errors = [logs, metrics].map(({ verdict }) =>
      verdict.signals.find(({ signal }) => signal === 'errors'),
    );
    assert.deepEqual(errors[0], errors[1]);
    assert.equal(cloud.service(SERVICE).generation, generation);
    assert.ok(cloud.requests.every(({ method, path }) => method === 'GET' || LOGS.test(path)));
  });

  test('a candidate that fails is unhealthy, with the reason in one sentence', async () => {
    await using cloud = await splitCloud({ imageFaults: { [`${IMAGES}:two`]: { errorPercent: 100 } } }, 25);
    // What fails within one minute is one piece of evidence.
    await traffic(cloud, 80, 10);
    const run = await judge(cloud);
    assert.equal(run.exitCode, 1, run.stdout + run.stderr);
    assert.equal(run.verdict.verdict, 'unhealthy');
    assert.match(
      run.verdict.reason,
      /^all 20 failed requests hit the candidate, which got 25 % of the traffic/,
    );
    assert.match(JSON.stringify(run.verdict.source), /^{"name":"logs","why":"\d+ requests a minute need/);
  });

  test('revisions without any traffic: inconclusive', async () => {
    await using cloud = await splitCloud();
    const run = await judge(cloud);
    assert.equal(run.exitCode, 3, run.stdout + run.stderr);
    assert.match(run.verdict.reason, /^too few requests: the candidate had 0 /);
  });

  test('a candidate without traffic is compared with nothing: inconclusive', async () => {
    await using cloud = await splitCloud({}, 0);
    await traffic(cloud, 40);
    const run = await judge(cloud);
    assert.equal(run.exitCode, 3, run.stdout + run.stderr);
    assert.equal(run.verdict.canaryPercent, 0);
  });

  test('neither logs nor metrics can be read: inconclusive, and says why', async () => {
    await using cloud = await splitCloud();
    cloud.on(refused(LOGS, 403, 'PERMISSION_DENIED'));
    cloud.on(refused(METRICS, 403, 'PERMISSION_DENIED'));
    const run = await judge(cloud);
    assert.equal(run.exitCode, 3, run.stdout + run.stderr);
    assert.match(
      run.verdict.reason,
      /cannot tell what the candidate did: reading the logs of control: no permission/,
    );
  });

  test('a login that expires in the middle: inconclusive, and says so', async () => {
    await using cloud = await splitCloud();
    cloud.on(refused(LOGS, 401, 'UNAUTHENTICATED', 1));
    const run = await judge(cloud, { CANARY_SOURCE: 'logs' });
    assert.equal(run.exitCode, 3, run.stdout + run.stderr);
    assert.match(run.verdict.reason, /the login is missing or has expired/);
    assert.match(String(run.verdict.hint), /gcloud auth login/);
    const shown = await judge(cloud, { CANARY_SOURCE: 'logs', CANARY_FORMAT: 'text' });
    assert.equal(shown.exitCode, 3, shown.stdout + shown.stderr);
    assert.match(shown.stderr, /gcloud auth login/);
  });

  test('Cloud Run itself cannot be read: no verdict, and not the exit code of an unhealthy one', async () => {
    await using cloud = await splitCloud();
    cloud.on(refused(/\/revisions\//, 403, 'PERMISSION_DENIED'));
    const run = await judge(cloud);
    assert.equal(run.exitCode, 3, run.stderr);
    assert.equal(run.stdout, '');
    assert.match(lineOf(run.stderr), /^error: reading revision control-0000\d-\w+: no permission/);
  });

  test('names that are not there exit 2', async () => {
    await using cloud = await splitCloud();
    const [stable = '', canary = ''] = revisionNames(cloud);
    const nobody = await judge(cloud, {}, [stable, 'control-00009-zzz']);
    assert.equal(nobody.exitCode, 2, nobody.stderr);
    assert.match(
      nobody.stderr,
      /^error: <canary> is control-00009-zzz, and service control in us-central1 has no such revision\n(?:Did you mean .*\n)?Its revisions: gcloud run revisions list --service control/,
    );
    const renamed = await judge(cloud, {}, ['control-00009-zzz', canary]);
    assert.match(renamed.stderr, /^error: <stable> is control-00009-zzz/);
    const elsewhere = await judge(cloud, { REGION: 'europe-west1' });
    assert.equal(elsewhere.exitCode, 2, elsewhere.stderr);
    assert.match(lineOf(elsewhere.stderr), /europe-west1/);
  });

  test('wrong arguments exit 2, wrong settings 1, before anything is asked', async () => {
    await using cloud = await splitCloud();
    const [stable = '', canary = ''] = revisionNames(cloud);
    const cases: [number, readonly string[], Record<string, string>][] = [
      [2, [], {}],
      [2, [stable], {}],
      [2, [stable, canary, '5'], {}],
      [2, [stable, stable], {}],
      [2, [stable, 'Not_A_Name'], {}],
      [1, [stable, canary], { CANARY_WINDOW: '90s' }],
      [1, [stable, canary], { CANARY_STEPS: '50,25' }],
      [1, [stable, canary], { CANARY_SOURCE: 'guess' }],
      [1, [stable, canary], { PROJECT: 'no such project' }],
    ];
    for (const [exitCode, args, env] of cases) {
      const run = await judge(cloud, env, args);
      assert.equal(run.exitCode, exitCode, `${args} ${JSON.stringify(env)}: ${run.stderr}`);
      assert.notEqual(lineOf(run.stderr), '');
      assert.equal(run.stdout, '');
    }
    assert.equal(cloud.requests.length, 0);
  });

  test('a dry run prints what it would read, and asks nobody', async () => {
    await using nobody = await refusingAddress();
    const run = await runScript('canary-rollout', ['judge', 'control-1', 'control-2'], {
      env: {
        CLOUD_RUN_EMULATOR_HOST: new URL(nobody.url).host,
        ...{ PROJECT: 'openagentsgemini', SERVICE, DRY_RUN: '1' },
      },
    });
    assert.equal(run.exitCode, 0, run.stderr);
    const lines = run.stdout.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(' ').slice(0, 4).join(' ')),
      [
        '+ gcloud run services',
        '+ gcloud run revisions',
        '+ gcloud run revisions',
        ...Array(2).fill(
          '+ GET https://monitoring.googleapis.com/v3/projects/openagentsgemini/timeSeries with',
        ),
        '+ gcloud logging read',
      ],
    );
  });
});

test('on a terminal a verdict is a table', { skip: await without('a pseudo-terminal') }, async () => {
  await using cloud = await splitCloud();
  await traffic(cloud, 40);
  const [stable = '', canary = ''] = revisionNames(cloud);
  const { exitCode, shown } = await runOnTerminal(
    [process.execPath, 'scripts/canary-rollout.ts', 'judge', stable, canary],
    { ...cloudEnv(cloud), ...ENV },
  );
  assert.equal(exitCode, 0, shown);
  assert.match(shown, new RegExp(`candidate ${canary} \\(50 % of the traffic\\), stable ${stable}`));
  assert.match(shown, /from \d\d:\d\d to \d\d:\d\d UTC, from the request logs \(/);
  assert.match(shown, /errors +0 of 20 +0 of 20 +1 %/);
});
