import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Emulator } from '@deploy/emulator';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE } from '../support/cloud.ts';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';
import { count } from './counts.ts';
import { servedShares } from './scenarios.ts';
import { requireSoundTraffic } from './verdict.ts';

const AT_ONCE = 20;
const person = (i: number): string => `person-${i}@example.com`;
const people = Object.fromEntries(Array.from({ length: AT_ONCE }, (_, i) => [`token-of-${i}`, person(i)]));

type Racer = { i: number; run: ScriptRun; wanted: string[] | undefined };

async function race(cloud: Emulator): Promise<Racer[]> {
  const [one = '', two = ''] = revisionNames(cloud);
  const racers = Array.from({ length: AT_ONCE }, async (_, i): Promise<Racer> => {
    const shifts = i % 2 === 0;
    const percent = i + 1;
    const args = shifts
      ? ['set-traffic', one, two, String(percent)]
      : ['deploy-no-traffic', `${IMAGES}:race-${i}`];
    const run = await runScriptProcess('canary-rollout', args, {
      env: { ...cloudEnv(cloud), CLOUDSDK_AUTH_ACCESS_TOKEN: `token-of-${i}` },
    });
    return { i, run, wanted: shifts ? [`${one}=${100 - percent}`, `${two}=${percent}`] : undefined };
  });
  return Promise.all(racers);
}

describe(`${AT_ONCE} at once on one service`, () => {
  for (const etags of ['strict', 'lax'] as const) {
    test(`${etags} etags: each is applied or told who was first, and nothing is lost`, async (t) => {
      await using cloud = await cloudWith({
        etags,
        people,
        services: [
          {
            name: SERVICE,
            image: `${IMAGES}:one`,
            laterImages: [`${IMAGES}:two`],
            traffic: [{ revision: 1, percent: 100 }],
          },
        ],
      });
      const before = servedShares(cloud);
      const racers = await race(cloud);
      await cloud.settled();

      requireSoundTraffic(cloud);
      const asked = racers.flatMap(({ wanted }) => (wanted === undefined ? [] : [wanted.join()]));
      assert.ok([...asked, before.join()].includes(servedShares(cloud).join()), servedShares(cloud).join());
      for (const { i, run, wanted } of racers) {
        if (run.exitCode !== 0) {
          assert.equal(run.exitCode, 1, run.stderr);
          const errors = run.stderr.split('\n').filter((line) => line.startsWith('error: '));
          assert.equal(errors.length, 1, run.stderr);
          assert.match(errors[0] ?? '', /person-\d+@example\.com|somebody else/);
        }
        if (wanted !== undefined) continue;
        const made = cloud
          .revisions(SERVICE)
          .filter(({ containers }) => containers?.[0]?.image === `${IMAGES}:race-${i}`);
        assert.ok(made.length <= 1, `deployment ${i} made ${made.length} revisions`);
        if (run.exitCode === 0) {
          assert.equal(made.length, 1, `deployment ${i} says that it is done`);
          const ready = made[0]?.conditions.find(({ type }) => type === 'Ready');
          assert.equal(ready?.state, 'CONDITION_SUCCEEDED');
        }
      }
      const applied = racers.filter(({ run }) => run.exitCode === 0).length;
      assert.ok(applied > 0, 'not even one got through');
      t.diagnostic(`${applied} of ${AT_ONCE} were applied`);
      count('racers', AT_ONCE);
      count('racers applied', applied);
      count('racers refused, told who was first', AT_ONCE - applied);
    });
  }
});
