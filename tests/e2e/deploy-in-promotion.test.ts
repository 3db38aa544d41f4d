import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openServiceApi } from '@deploy/cloudrun';
import type { Emulator } from '@deploy/emulator';
import { readReport } from '@deploy/report';
import { trafficNow } from '@deploy/report/record';
import { sampleRecord } from '../report/sample-record.ts';
import { cloudEnv, IMAGES, PROJECT, revisionNames, SERVICE } from '../support/cloud.ts';
import { preflightWorld } from '../support/preflight-world.ts';
import { cloudWithCandidate } from '../support/promotion.ts';
import { putReport } from '../support/report-file.ts';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';
import { SERVICE as STAGING_SERVICE, staging } from '../support/staging.ts';

const FAST = {
  CANARY_STEPS: '25,100',
  CANARY_WINDOW: '30m',
  CANARY_MAX_WINDOW: '60m',
  CANARY_POLL_SECONDS: '1.2',
  CANARY_SOURCE: 'logs',
};

/** Starts `promote` and calls `act` once the candidate has 25 %. */
function promote(
  cloud: Emulator,
  env: Record<string, string>,
  act: (child: ChildProcess) => void,
): Promise<ScriptRun> {
  return runScriptProcess('canary-rollout', ['promote'], {
    env: { ...cloudEnv(cloud), ...FAST, ...env },
    onStart(child) {
      let seen = '';
      child.stdout?.on('data', (chunk: string | Buffer) => {
        const isNew = !seen.includes('25 %: served now');
        seen += chunk;
        if (isNew && seen.includes('25 %: served now')) act(child);
      });
    },
  });
}

describe('while somebody is promoting a candidate', { concurrency: 2 }, () => {
  test('status says who, a deployment is refused, and may be insisted on; the promotion then names the new revision', async () => {
    await using cloud = await cloudWithCandidate({ clockSpeed: 4 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const colleague = { ...cloudEnv(cloud), EVIDENCE_REPORT: 'none', GITHUB_ACTIONS: 'true' };
    const run = (args: string[], env: Record<string, string> = {}) =>
      runScriptProcess('canary-rollout', args, { env: { ...colleague, ...env } });
    const deploying = ['deploy-no-traffic', `${IMAGES}:three`];
    let others: Promise<ScriptRun[]> | undefined;
    const promoted = await promote(cloud, { EVIDENCE_REPORT: 'none' }, () => {
      others = (async () => [
        await run(['status']),
        await run(deploying),
        await run(deploying, { SKIP_PROMOTION_CHECK: '1' }),
      ])();
    });
    const [status, refused, insisted] = (await others) ?? [];
    assert.ok(status && refused && insisted, promoted.stderr);
    assert.match(
      status.stderr,
      new RegExp(
        `^promotion: RUNNING, at 25 %, for .*\\n {2}of ${canary}\\n {2}since 20\\S+Z, by \\S+ on \\S+ \\(process \\d+\\)$`,
        'm',
      ),
    );
    assert.match(
      status.stderr,
      new RegExp(`^next: nothing, the promotion continues .*:\\n.* rollback ${stable}$`, 'm'),
    );
    assert.doesNotMatch(status.stderr, /promote control/);
    assert.equal(refused.exitCode, 1);
    assert.match(
      refused.stderr,
      new RegExp(
        `^error: \\S+ has been promoting ${canary} on \\S+ \\(process \\d+\\) since 20\\S+, and it is at 25 %: a deployment would stop`,
        'm',
      ),
    );
    assert.match(
      refused.stderr,
      new RegExp(`^Nothing was deployed\\..*\\n.* rollback ${stable}\\n.*SKIP_PROMOTION_CHECK=1$`, 'm'),
    );
    assert.equal(insisted.exitCode, 0, insisted.stderr);
    const [, , made = '', ...more] = revisionNames(cloud);
    assert.deepEqual(more, [], 'the refused deployment made none');
    assert.equal(promoted.exitCode, 3);
    assert.match(
      promoted.stderr,
      new RegExp(`^error: stopped at 25 %, .*, and its revision is ${made}$`, 'm'),
    );
    const after = await run(['status']);
    assert.match(after.stderr, /^promotion: stopped at 25 %, nobody is running it$/m);
  });

  test("its report ends with somebody else's split, and says whose it is", async () => {
    await using cloud = await cloudWithCandidate({ clockSpeed: 4 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    await using folder = await mkdtempDisposable(join(tmpdir(), 'promotion-'));
    const path = await putReport(folder.path, 'staging', {
      ...{ ...sampleRecord, service: SERVICE, revisions: { before: stable, after: canary }, stable },
      ...{ steps: [], trafficChanges: [], smokes: [], maintenance: [], promotions: [] },
      trafficBefore: [{ revision: stable, percent: 100 }],
    });
    const promoted = await promote(cloud, { EVIDENCE_REPORT: path }, () => {
      const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const;
      const theirs = [
        { type, revision: stable, percent: 60 },
        { type, revision: canary, percent: 40 },
      ];
      cloud.changeTraffic(SERVICE, theirs, 'bob@example.com');
    });
    assert.equal(promoted.exitCode, 3, promoted.stderr);
    const { record } = await readReport(path);
    assert.deepEqual(trafficNow(record), [
      { revision: stable, percent: 60 },
      { revision: canary, percent: 40 },
    ]);
    assert.equal(record.trafficChanges.at(-1)?.actor, 'bob@example.com');
  });

  test('from another machine: deploy-staging is refused before it builds anything, and has no report', async () => {
    await using world = await preflightWorld(
      await staging({
        service: { laterImages: [`${IMAGES}:other`], traffic: [{ revision: 1, percent: 100 }] },
      }),
    );
    await remember(world.cloud, Date.now() + 3_600_000);
    const run = () => world.run('deploy-staging', { SKIP_VERIFY: '1' });
    const refused = await run();
    assert.equal(refused.exitCode, 1, refused.stdout);
    assert.match(
      refused.stderr,
      /^error: alice@example\.com has been promoting \S+ on elsewhere \(process 7\)/m,
    );
    assert.doesNotMatch(refused.stdout, /web-shell dist build/);
    const reports = join(world.checkout.root, 'apps/openagents.com/service/docs/reports');
    assert.deepEqual(
      (await readdir(reports)).filter((name) => name.endsWith('.md')),
      [],
    );
    // Its runner has not renewed its claim, so it is gone.
    await remember(world.cloud, Date.now() - 1000);
    const deployed = await run();
    assert.equal(deployed.exitCode, 0, deployed.stderr);
  });
});

/** Stores on the staging service that alice is promoting its newest revision from another machine. */
async function remember(cloud: Emulator, until: number): Promise<void> {
  const connection = { emulatorHost: cloud.host, identity: { kind: 'none' as const }, env: {} };
  const location = { project: PROJECT, region: 'us-central1', service: STAGING_SERVICE };
  const api = await openServiceApi(connection, location);
  const { annotations, traffic, etag } = await api.read();
  const [stable = '', canary = ''] = revisionNames(cloud, STAGING_SERVICE);
  const state = {
    ...{ stable, canary, startedAt: Date.now(), steps: [25, 100], tag: 'candidate', hadTag: false },
    ...{ begun: [], owner: { id: 'a', account: 'alice@example.com', host: 'elsewhere', pid: 7, until } },
  };
  const stored = { 'openagents.com/canary-promotion': JSON.stringify({ v: 1, ...state }) };
  await api.write({ traffic, annotations: { ...annotations, ...stored } }, etag);
  await cloud.settled();
}
