import assert from 'node:assert/strict';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { nextSteps } from '@deploy/cloudrun';
import { openEvidence, reportedStanding } from '@deploy/report';
import { cloudEnv, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';

type Cloud = Awaited<ReturnType<typeof cloudWith>>;

/** Two revisions, the older one with that much of the traffic. */
const world = (percent: number) =>
  cloudWith({
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:stable`,
        laterImages: [`${IMAGES}:canary`],
        traffic: [
          { revision: 1, percent },
          ...(percent < 100 ? [{ revision: 2, percent: 100 - percent }] : []),
        ],
      },
    ],
  });
const shift = (cloud: Cloud, args: string[], env: Record<string, string> = {}) =>
  runScript('canary-rollout', ['set-traffic', ...args], { env: { ...cloudEnv(cloud), ...env } });

describe('set-traffic with stable and canary named the wrong way round', () => {
  for (const percent of [100, 95]) {
    test(`is refused while the older one has ${percent} %, shows the right way, and may be insisted on`, async () => {
      await using cloud = await world(percent);
      const [stable = '', canary = ''] = revisionNames(cloud);
      const before = serving(cloud);
      const refused = await shift(cloud, [canary, stable, '5']);
      assert.equal(refused.exitCode, 1);
      assert.match(
        refused.stderr,
        /^error: stable and canary seem to be swapped: .* and this would give 95 % to /m,
      );
      assert.match(
        refused.stderr,
        new RegExp(
          `^ {2}.*SERVICE=control .*scripts/canary-rollout\\.ts set-traffic ${stable} ${canary} 5$`,
          'm',
        ),
      );
      assert.match(refused.stderr, /SKIP_STABLE_CHECK=1$/m);
      assert.deepEqual(serving(cloud), before);
      const insisted = await shift(cloud, [canary, stable, '5'], { SKIP_STABLE_CHECK: '1' });
      assert.equal(insisted.exitCode, 0, insisted.stderr);
      assert.deepEqual(serving(cloud), [`${canary}=95`, `${stable}=5`]);
    });
  }

  test('is not refused where the newer one serves and the older one becomes a canary', async () => {
    await using cloud = await world(100);
    const [older = '', newer = ''] = revisionNames(cloud);
    assert.equal((await shift(cloud, [older, newer, '100'])).exitCode, 0);
    const run = await shift(cloud, [newer, older, '5']);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.deepEqual(serving(cloud), [`${newer}=95`, `${older}=5`]);
  });

  test('is refused by what the report says, whatever serves', async () => {
    await using cloud = await world(100);
    const [stable = '', canary = ''] = revisionNames(cloud);
    await using folder = await mkdtempDisposable(join(tmpdir(), 'swapped-'));
    const env = { EVIDENCE_REPORT: await reportOf(folder.path, { stable, canary }) };
    assert.equal((await shift(cloud, [stable, canary, '100'], env)).exitCode, 0);
    const verdict = await verdictIn(env.EVIDENCE_REPORT);
    const refused = await shift(cloud, [canary, stable, '5'], env);
    assert.equal(refused.exitCode, 1);
    assert.match(
      refused.stderr,
      /^error: .* swapped: according to .*report\.md, \S+ is the stable revision/m,
    );
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
    // An attempt that was never written is written down, and makes the verdict no worse.
    assert.equal(await verdictIn(env.EVIDENCE_REPORT), verdict);
    assert.match(
      await readFile(env.EVIDENCE_REPORT, 'utf8'),
      /set-traffic \| failed, nothing was changed \|/,
    );
    // The right way round is never refused: it may be the way back.
    const back = await shift(cloud, [stable, canary, '5'], env);
    assert.equal(back.exitCode, 0, back.stderr);
  });
});

describe('set-traffic to a candidate that a later deployment has superseded', () => {
  const superseded = (percent: number) =>
    cloudWith({
      services: [
        {
          name: SERVICE,
          image: `${IMAGES}:stable`,
          laterImages: [`${IMAGES}:canary`, `${IMAGES}:newer`],
          traffic: [
            { revision: 1, percent },
            ...(percent < 100 ? [{ revision: 2, percent: 100 - percent }] : []),
          ],
        },
      ],
    });

  test('is refused while it has no traffic, names the newer one, and may be insisted on', async () => {
    await using cloud = await superseded(100);
    const [stable = '', canary = '', newer = ''] = revisionNames(cloud);
    const refused = await shift(cloud, [stable, canary, '5']);
    assert.equal(refused.exitCode, 1);
    assert.match(
      refused.stderr,
      new RegExp(`^error: ${canary} was superseded: ${newer} was deployed after it, at 20\\S+Z`, 'm'),
    );
    assert.match(
      refused.stderr,
      new RegExp(`^ {2}.* set-traffic ${stable} ${newer} 5\\n.*SKIP_STABLE_CHECK=1$`, 'm'),
    );
    assert.deepEqual(serving(cloud), [`${stable}=100`]);
    const insisted = await shift(cloud, [stable, canary, '5'], { SKIP_STABLE_CHECK: '1' });
    assert.equal(insisted.exitCode, 0, insisted.stderr);
    assert.deepEqual(serving(cloud), [`${stable}=95`, `${canary}=5`]);
  });

  test('is made with a warning once it has traffic, and without one on the way back', async () => {
    await using cloud = await superseded(95);
    const [stable = '', canary = '', newer = ''] = revisionNames(cloud);
    const onwards = await shift(cloud, [stable, canary, '25']);
    assert.equal(onwards.exitCode, 0, onwards.stderr);
    assert.match(onwards.stderr, new RegExp(`^warning: ${newer} was deployed after ${canary}$`, 'm'));
    const back = await shift(cloud, [stable, canary, '0']);
    assert.equal(back.exitCode, 0, back.stderr);
    assert.doesNotMatch(back.stderr, /warning/);
  });

  test('is not refused for the revisions of a maintenance window', async () => {
    await using cloud = await world(100);
    const [stable = '', canary = ''] = revisionNames(cloud);
    for (const action of ['enable', 'disable']) {
      const run = await runScript('maintenance-mode', [action], {
        env: {
          ...cloudEnv(cloud),
          MAINTENANCE_MOVE_TRAFFIC: '1',
          ...(action === 'enable' && { MAINTENANCE_BYPASS_TOKEN: 'sesame-0123456789abcdef' }),
        },
      });
      assert.equal(run.exitCode, 0, run.stderr);
    }
    assert.ok(revisionNames(cloud).length > 2);
    const shifted = await shift(cloud, [stable, canary, '5']);
    assert.equal(shifted.exitCode, 0, shifted.stderr);
    assert.doesNotMatch(shifted.stderr, /warning/);
  });
});

/** The verdict and its reasons, as a report has them. */
async function verdictIn(path: string): Promise<string> {
  const [, verdict, reasons] =
    /^Verdict: (\*\*\S+\*\*)\..*\n\n((?:[*-] .*\n)+)/m.exec(await readFile(path, 'utf8')) ?? [];
  assert.ok(verdict !== undefined);
  return `${verdict}\n${reasons}`;
}

/** The report of a deployment that found one revision serving and made the other. */
async function reportOf(
  root: string,
  { stable, canary }: { stable: string; canary: string },
): Promise<string> {
  const path = join(root, 'report.md');
  const traffic = [{ revision: stable, percent: 100 }];
  const image = `${IMAGES}:canary`;
  const evidence = await openEvidence({
    evidenceReport: path,
    checkout: { root, serviceDir: 'service', webShellDir: 'web-shell' },
    location: LOCATION,
    image,
    note() {},
  });
  await evidence.record({ kind: 'servingFound', shares: traffic, stable });
  const deployment = {
    ...{ service: SERVICE, image, revision: canary, digest: undefined, previousRevision: stable, traffic },
  };
  await evidence.record({ kind: 'deployed', deployment, stable });
  return path;
}

describe('a candidate that the report knows', () => {
  test('is nothing to go back to; once rolled back by hand, it is not suggested, and promoted only on demand', async () => {
    await using cloud = await world(100);
    const [stable = '', canary = ''] = revisionNames(cloud);
    await using folder = await mkdtempDisposable(join(tmpdir(), 'rolled-back-'));
    const env = {
      ...cloudEnv(cloud),
      EVIDENCE_REPORT: await reportOf(folder.path, { stable, canary }),
    };
    const rollout = (...args: string[]) => runScript('canary-rollout', args, { env });
    assert.equal((await rollout('set-traffic', stable, canary, '5')).exitCode, 0);

    const forwards = await rollout('rollback', canary);
    assert.equal(forwards.exitCode, 1);
    assert.match(
      forwards.stderr,
      /^error: \S+ is the canary according to .*report\.md, so this would go forwards/m,
    );
    assert.match(forwards.stderr, new RegExp(`^ {2}.*canary-rollout\\.ts rollback ${stable}$`, 'm'));
    assert.deepEqual(serving(cloud), [`${stable}=95`, `${canary}=5`]);

    assert.equal((await rollout('rollback', stable)).exitCode, 0);
    for (const named of [[], [canary]]) {
      const refused = await rollout('promote', ...named);
      assert.equal(refused.exitCode, 1);
      assert.match(refused.stderr, /^error: \S+ was rolled back, by .*report\.md\n.*CANARY_RETRY=1$/m);
    }
    assert.deepEqual(serving(cloud), [`${stable}=100`]);
    const standing = await reportedStanding(env.EVIDENCE_REPORT);
    assert.ok(standing !== undefined);
    assert.deepEqual(nextSteps(standing.location, standing), []);
  });
});
