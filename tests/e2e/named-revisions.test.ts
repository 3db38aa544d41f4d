import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';

// One local Cloud Run for all of them: whatever is refused here changes nothing.
describe('a revision that is not named as it is called', () => {
  let cloud: Awaited<ReturnType<typeof cloudWith>>;
  let names: string[];
  before(async () => {
    const images = { image: `${IMAGES}:one`, laterImages: [`${IMAGES}:two`, `${IMAGES}:three`] };
    cloud = await cloudWith({
      services: [{ name: SERVICE, ...images, traffic: [{ revision: 1, percent: 100 }] }],
    });
    names = revisionNames(cloud);
  });
  after(() => cloud[Symbol.asyncDispose]());

  const short = (name: string): string => name.slice(SERVICE.length + 1);
  const elsewhere = (name: string): string => name.replace('control', 'contrl');
  const slip = (name: string): string => `${name.slice(0, -1)}${name.endsWith('0') ? '1' : '0'}`;
  const cases: [action: string, exitCode: number, argsOf: (one: string, two: string) => string[]][] = [
    ['rollback', 2, (one) => [short(one)]],
    ['rollback', 1, (one) => [elsewhere(one)]],
    ['rollback', 1, (one) => [slip(one)]],
    ['set-traffic', 1, (one, two) => [slip(one), two, '5']],
    ['promote', 1, (one) => [slip(one)]],
    ['judge', 2, (one, two) => [slip(one), two]],
  ];
  for (const [action, exitCode, argsOf] of cases) {
    test(`${action} ${argsOf('control-00001-abc', 'control-00002-def').join(' ')} is refused, with the name that was meant`, async () => {
      const [one = '', two = ''] = names;
      const args = argsOf(one, two);
      const run = await runScript('canary-rollout', [action, ...args], { env: cloudEnv(cloud) });
      assert.equal(run.exitCode, exitCode, run.stderr);
      assert.match(run.stderr, new RegExp(`^Did you mean ${one}\\?`, 'm'));
      assert.deepEqual(serving(cloud), [`${one}=100`]);
    });
  }
});
