import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { startWalk } from '../support/promotion.ts';
import { runScriptProcess } from '../support/run-script.ts';

// One local Cloud Run, on which one test goes on where the last one ended.
describe('an operator who takes one revision for another', () => {
  let cloud: Awaited<ReturnType<typeof cloudWith>>;
  let stable = '';
  let canary = '';
  before(async () => {
    const images = { image: `${IMAGES}:one`, laterImages: [`${IMAGES}:two`] };
    cloud = await cloudWith({
      secrets: { 'openagents-control-maintenance-bypass-token': 'sesame-0123456789abcdef' },
      services: [{ name: SERVICE, ...images, traffic: [{ revision: 1, percent: 100 }] }],
    });
    [stable = '', canary = ''] = revisionNames(cloud);
  });
  after(() => cloud[Symbol.asyncDispose]());
  const rollout = (...args: string[]) => runScriptProcess('canary-rollout', args, { env: cloudEnv(cloud) });

  test('is told that there is nothing to roll back, and nothing is written', async () => {
    const run = await rollout('rollback', stable);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.match(run.stderr, /^traffic of control was 00001-\w+=100 already: there was nothing to change/m);
    assert.ok(cloud.requests.every(({ method }) => method === 'GET' || method === 'HEAD'));
  });

  test('after a shift by hand, promote shows the commands that make one revision the stable one', async () => {
    const shifted = await rollout('set-traffic', stable, canary, '10');
    assert.equal(shifted.exitCode, 0, shifted.stderr);
    const refused = await rollout('promote');
    assert.equal(refused.exitCode, 1);
    assert.doesNotMatch(refused.stderr, /[<>]/);
    for (const [name, percent] of [
      [stable, 90],
      [canary, 10],
    ]) {
      const way = `^if that is ${name}, which has ${percent} %:\\n  .*SERVICE=control .*canary-rollout\\.ts rollback ${name}$`;
      assert.match(refused.stderr, new RegExp(way, 'm'));
    }
    const named = await rollout('promote', canary);
    assert.doesNotMatch(named.stderr, new RegExp(`rollback ${canary}`));
  });

  test('is told that going back to the canary is going forwards, and that going back to stable is not', async () => {
    const forwards = await rollout('rollback', canary);
    assert.equal(forwards.exitCode, 0, forwards.stderr);
    assert.match(
      forwards.stderr,
      new RegExp(
        `^warning: this goes forwards, not back: ${canary} is newer than ${stable}, which has 90 %`,
        'm',
      ),
    );
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
    const back = await rollout('rollback', stable);
    assert.doesNotMatch(back.stderr, /warning/);
    assert.deepEqual(serving(cloud), [`${stable}=100`]);
  });

  test("after a window, promote takes what was deployed, never the window's own revisions", async () => {
    for (const action of ['enable', 'disable']) {
      const env = { ...cloudEnv(cloud), MAINTENANCE_MOVE_TRAFFIC: '1' };
      const run = await runScriptProcess('maintenance-mode', [action], { env });
      assert.equal(run.exitCode, 0, run.stderr);
    }
    assert.deepEqual(serving(cloud), [`${stable}=100`]);
    const newest = revisionNames(cloud).at(-1);
    assert.notEqual(newest, canary);
    const pairs: string[][] = [];
    const walk = await startWalk(cloud, {
      async openSource(...pair) {
        pairs.push(pair);
        throw new Error('that is enough');
      },
    });
    await assert.rejects(walk.outcome, /that is enough/);
    assert.deepEqual(pairs, [[stable, canary]]);

    assert.equal((await rollout('rollback', canary)).exitCode, 0);
    const refused = await rollout('promote');
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, new RegExp(`^error: ${newest} was made by a maintenance window`, 'm'));
    assert.match(refused.stderr, new RegExp(`^ {2}.*canary-rollout\\.ts promote ${newest}$`, 'm'));
  });
});
