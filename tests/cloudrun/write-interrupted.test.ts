import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployNoTraffic, rollback } from '@deploy/cloudrun';
import type { Emulator, Trigger } from '@deploy/emulator';
import { cloudWith, LOCATION, revisionNames, serving } from '../support/cloud.ts';
import { bobDeploys, bobTags, LOOK, NEW, pinnedCloud, WRITE } from '../support/colleague.ts';
import { interruptedAt } from '../support/interrupted.ts';

const LOOK_COMMAND = /gcloud run services describe control --project openagentsgemini .*--format 'yaml/;
const writes = (cloud: Emulator): number => cloud.requests.filter(({ method }) => method === 'PATCH').length;

/** Interrupts a shift, or a deployment, at the trigger; returns what that says. */
function interrupted(
  cloud: Emulator,
  at: Omit<Trigger, 'fault'>,
  ours: 'shift' | 'deployment' | { shiftTo: string } = 'shift',
): Promise<{ message: string; hint: string }> {
  const target = typeof ours === 'object' ? ours.shiftTo : (revisionNames(cloud)[1] ?? '');
  return interruptedAt(cloud, at, (open) =>
    ours === 'deployment' ? deployNoTraffic(open, LOCATION, NEW) : rollback(open, LOCATION, target),
  );
}

describe('a change that is interrupted', { concurrency: true }, () => {
  const NOT_MADE = {
    message: 'interrupted before the change of service control was sent',
    hint: 'This change was not made; run this again when you are ready.',
  };

  for (const [name, skip] of [
    ['before its plan', 0],
    ['before its comparison', 1],
  ] as const) {
    test(`${name} is not made, and says so`, async () => {
      await using cloud = await pinnedCloud();
      assert.deepEqual(await interrupted(cloud, { match: LOOK, skip }), NOT_MADE);
      assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[0]}=100`]);
      assert.equal(writes(cloud), 0);
    });
  }

  test('in its second attempt is not made, and says so', async () => {
    await using cloud = await pinnedCloud();
    cloud.on({ match: LOOK, skip: 1, fault: { kind: 'first', act: () => bobTags(cloud) } });
    // Two looks for each of two attempts.
    assert.deepEqual(await interrupted(cloud, { match: LOOK, skip: 3 }), NOT_MADE);
    assert.equal(writes(cloud), 0);
  });

  test('while the write is on its way says that nobody knows whether it is made', async () => {
    await using cloud = await pinnedCloud();
    const { message, hint } = await interrupted(cloud, { match: WRITE });
    assert.equal(
      message,
      'interrupted while the change of service control was being sent: it is unknown whether it was made',
    );
    assert.match(hint, /^Look before running this again: /);
    assert.match(hint, LOOK_COMMAND);
  });

  test('while a lost answer is looked up says the same', async () => {
    await using cloud = await pinnedCloud();
    cloud.on({ match: WRITE, fault: { kind: 'reset', when: 'after' } });
    const { message } = await interrupted(cloud, { match: LOOK, skip: 2 });
    assert.match(message, /^interrupted while the change of service control was being sent: it is unknown /);
    await cloud.settled();
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[1]}=100`]);
  });

  test('while it settles goes on by itself, and says so', async () => {
    await using cloud = await pinnedCloud();
    const { message, hint } = await interrupted(cloud, { match: LOOK, skip: 2 });
    assert.equal(
      message,
      'interrupted while waiting: service control was changed (generation 4) and the platform goes on without this script',
    );
    assert.match(hint, /^Look at what came of it: /);
    assert.match(hint, LOOK_COMMAND);
    await cloud.settled();
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[1]}=100`]);
  });

  test('while it settles behind another one names that as well', async () => {
    await using cloud = await pinnedCloud();
    cloud.on({ match: LOOK, skip: 2, fault: { kind: 'first', act: () => bobDeploys(cloud) } });
    const { message } = await interrupted(cloud, { match: LOOK, skip: 3 });
    assert.match(
      message,
      /^interrupted while waiting: generation 4 was followed by another: bob@example\.com changed service control at 20\S+ \(generation 5\), and the platform goes on without this script$/,
    );
  });

  test('while it settles alone names who made it', async () => {
    await using cloud = await cloudWith({ reconcileMs: 600_000 });
    const [only = ''] = revisionNames(cloud);
    // The first look after the write has been answered by the next one.
    const { message } = await interrupted(cloud, { match: LOOK, skip: 3 }, { shiftTo: only });
    assert.match(
      message,
      /^interrupted while waiting: \S+@example\.com changed service control at 20\S+ \(generation 2\), and the platform goes on /,
    );
  });

  test('while its revision is looked at says that there is one', async () => {
    await using cloud = await pinnedCloud();
    const match = { method: 'GET', path: /serving\.knative\.dev/ };
    const { message, hint } = await interrupted(cloud, { match }, 'deployment');
    assert.equal(
      message,
      'interrupted while looking at what came of the change: service control was changed (generation 4) and the platform goes on without this script',
    );
    assert.match(hint, LOOK_COMMAND);
  });
});
