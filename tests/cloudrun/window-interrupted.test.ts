import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Interrupted } from '@deploy/cli';
import { openServiceApi } from '@deploy/cloudrun';
import { checkMaintenanceValues, enableMaintenance } from '@deploy/cloudrun/maintenance';
import type { Emulator, Trigger } from '@deploy/emulator';
import { cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { LOOK, WRITE } from '../support/colleague.ts';

const SECRET = 'bypass';
const values = checkMaintenanceValues({
  allowedPaths: '/readyz',
  cookieName: 'bypass',
  cookieTtl: '900',
  secretName: SECRET,
});
const split = {
  name: SERVICE,
  image: `${IMAGES}:stable`,
  laterImages: [`${IMAGES}:canary`, `${IMAGES}:newest`],
  traffic: [
    { revision: 1, percent: 90 },
    { revision: 2, percent: 10 },
  ],
};

/** Opens a window and interrupts that at the trigger; what it says. */
async function interruptedAt(
  cloud: Emulator,
  { match, skip = 0 }: Omit<Trigger, 'fault'>,
): Promise<{ message: string; hint: string; writes: number }> {
  const stop = new AbortController();
  const act = () => stop.abort(new Interrupted('SIGINT'));
  cloud.on({ match, skip, fault: { kind: 'first', act } });
  const connection = {
    emulatorHost: cloud.host,
    identity: { kind: 'none' },
    env: {},
    signal: stop.signal,
  } as const;
  const open = () => openServiceApi(connection, LOCATION);
  const options = { rotated: false, moveTraffic: true };
  const failure: unknown = await enableMaintenance(open, LOCATION, values, options)
    .perform()
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  assert.ok(failure instanceof Interrupted, `${failure}`);
  const writes = cloud.requests.filter(({ method }) => method === 'PATCH').length;
  return { message: failure.message, hint: failure.hint ?? '', writes };
}

describe('a window whose opening is interrupted', { concurrency: 4 }, () => {
  // One look for the plan and two before the first write.
  for (const skip of [0, 1, 2]) {
    test(`at look ${skip + 1}, before anything was sent, has changed nothing and says nothing else`, async () => {
      await using cloud = await cloudWith({ services: [split], secrets: { [SECRET]: 'sesame' } });
      const before = serving(cloud);
      const { message, hint, writes } = await interruptedAt(cloud, { match: LOOK, skip });
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
      await using cloud = await cloudWith({ services: [split], secrets: { [SECRET]: 'sesame' } });
      const { hint } = await interruptedAt(cloud, at);
      assert.match(hint, /To give up the window, instead of running this again to finish it:\n.* disable$/);
      assert.doesNotMatch(hint, /still the window's/);
    });
  }

  test('when it is open already is not called unfinished', async () => {
    await using cloud = await cloudWith({ services: [split], secrets: { [SECRET]: 'sesame' } });
    const { message, hint } = await interruptedAt(cloud, { match: WRITE, skip: 2 });
    assert.match(message, /maintenance mode is on for the public, but the newest template was not updated/);
    assert.match(hint, /Running this again continues from there/);
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[3]}=100`]);
  });
});
