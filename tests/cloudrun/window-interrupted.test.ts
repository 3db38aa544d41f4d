import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkMaintenanceValues, enableMaintenance } from '@deploy/cloudrun/maintenance';
import type { Emulator, Trigger } from '@deploy/emulator';
import { cloudWith, LOCATION, NINETY_TEN, revisionNames, serving } from '../support/cloud.ts';
import { LOOK, WRITE } from '../support/colleague.ts';
import { interruptedAt } from '../support/interrupted.ts';

const SECRET = 'bypass';
const values = checkMaintenanceValues({
  allowedPaths: '/readyz',
  cookieName: 'bypass',
  cookieTtl: '900',
  secretName: SECRET,
});
/** Interrupts the opening of a window at the trigger; returns what that says, and how many writes it sent. */
async function openingInterrupted(
  cloud: Emulator,
  at: Omit<Trigger, 'fault'>,
): Promise<{ message: string; hint: string; writes: number }> {
  const options = { rotated: false, moveTraffic: true };
  const said = await interruptedAt(cloud, at, (open) => enableMaintenance(open, LOCATION, values, options));
  return { ...said, writes: cloud.requests.filter(({ method }) => method === 'PATCH').length };
}

describe('a window whose opening is interrupted', { concurrency: 4 }, () => {
  // One look for the plan and two before the first write.
  for (const skip of [0, 1, 2]) {
    test(`at look ${skip + 1}, before anything was sent, has changed nothing and says nothing else`, async () => {
      await using cloud = await cloudWith({ services: [NINETY_TEN], secrets: { [SECRET]: 'sesame' } });
      const before = serving(cloud);
      const { message, hint, writes } = await openingInterrupted(cloud, { match: LOOK, skip });
      assert.equal(writes, 0);
      assert.doesNotMatch(`${message}\n${hint}`, /was changed|template|disable/);
      assert.deepEqual(serving(cloud), before);
    });
  }

  for (const [name, at] of [
    ['while the first write is under way', { match: WRITE }],
    ['while the revision is made', { match: LOOK, skip: 3 }],
    ['before the traffic is moved', { match: LOOK, skip: 5 }],
    ['while the write that moves the traffic is under way', { match: WRITE, skip: 1 }],
    ['while the traffic is moved', { match: LOOK, skip: 6 }],
  ] as const) {
    test(`${name} can be finished or given up, and says so`, async () => {
      await using cloud = await cloudWith({ services: [NINETY_TEN], secrets: { [SECRET]: 'sesame' } });
      const { hint } = await openingInterrupted(cloud, at);
      assert.match(hint, /To give up the window, instead of running this again to finish it:\n.* disable$/);
      assert.doesNotMatch(hint, /still the window's/);
    });
  }

  test('when it is open already is not called unfinished', async () => {
    await using cloud = await cloudWith({ services: [NINETY_TEN], secrets: { [SECRET]: 'sesame' } });
    const { message, hint } = await openingInterrupted(cloud, { match: WRITE, skip: 2 });
    assert.match(message, /maintenance mode is on for the public, but the newest template was not updated/);
    assert.match(hint, /Running this again continues from there/);
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[3]}=100`]);
  });
});
