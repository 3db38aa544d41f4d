import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readOverview, setTraffic } from '@deploy/cloudrun';
import type { Emulator } from '@deploy/emulator';
import { apiOf, cloudEnv, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE } from '../support/cloud.ts';
import { deploy } from '../support/colleague.ts';
import { runScript } from '../support/hosted-script.ts';
import { startWalk, WELL } from '../support/promotion.ts';

// A revision that was deployed without traffic is ready, and the service still lists an earlier one as its latest ready
// one: here, the second, from which somebody has taken the traffic away again.

async function lagging(): Promise<Emulator> {
  const cloud = await cloudWith({
    latestReadyLags: true,
    clockSpeed: 40,
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:one`,
        laterImages: [`${IMAGES}:withdrawn`],
        traffic: [{ revision: 1, percent: 100 }],
      },
    ],
  });
  await deploy(cloud);
  const [, withdrawn = '', newest = ''] = revisionNames(cloud);
  const { latestReadyRevision, latestCreatedRevision } = cloud.service(SERVICE);
  assert.ok(latestReadyRevision?.endsWith(withdrawn) && latestCreatedRevision?.endsWith(newest));
  return cloud;
}

describe('a service that still lists an earlier revision as its latest ready one', {
  concurrency: true,
}, () => {
  test('is promoted to the newest one, not to the one that was withdrawn', async () => {
    await using cloud = await lagging();
    const [, , newest] = revisionNames(cloud);
    const walk = await startWalk(cloud, { minutes: WELL });
    const begun = await walk.until(({ kind }) => kind === 'promotionBegun');
    walk.stop();
    await walk.outcome;
    assert.ok(begun.kind === 'promotionBegun' && begun.canary === newest, JSON.stringify(begun));
  });

  test('is not shifted to the one that was withdrawn without a word about the newer one', async () => {
    await using cloud = await lagging();
    const [stable = '', withdrawn = '', newest] = revisionNames(cloud);
    const shares = [
      { revision: stable, percent: 95 },
      { revision: withdrawn, percent: 5 },
    ];
    const named = { stable, canary: withdrawn, canaryPercent: 5 };
    const shifting = setTraffic(() => apiOf(cloud), LOCATION, shares, {
      roles: { named, reported: undefined },
    });
    await assert.rejects(
      shifting.perform(),
      new RegExp(`${withdrawn} was superseded: ${newest} was deployed after it`),
    );
  });

  test('is shown with the newest one as the canary', async () => {
    await using cloud = await lagging();
    const [stable, , newest] = revisionNames(cloud);
    const api = await apiOf(cloud);
    const shown = await readOverview(api, await api.read(), {});
    assert.deepEqual([shown.stable, shown.canary], [stable, newest]);
  });
});

describe('a revision that shows later than its service that it is ready', { concurrency: true }, () => {
  test('is waited for by a deployment', async () => {
    await using cloud = await cloudWith({ revisionLagMs: 1500 });
    await deploy(cloud);
    assert.equal(cloud.revisions(SERVICE)[0]?.conditions?.[0]?.state, 'CONDITION_SUCCEEDED');
  });

  test('is waited for by the opening of a maintenance window', async () => {
    await using cloud = await cloudWith({ revisionLagMs: 1500 });
    const env = { ...cloudEnv(cloud), MAINTENANCE_BYPASS_TOKEN: 'window-token-0123456789' };
    const run = await runScript('maintenance-mode', ['enable'], { env });
    assert.equal(run.exitCode, 0, run.stderr);
  });
});
