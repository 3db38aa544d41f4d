import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import { describe, type TestContext, test } from 'node:test';
import timers from 'node:timers/promises';
import { UserError } from '@deploy/cli';
import { CloudError, isSettled, rollback, type Service, type ServiceApi } from '@deploy/cloudrun';
import { describeCondition, lookAfterChange, waitUntilSettled } from '@deploy/cloudrun/service';
import type { Emulator, Trigger } from '@deploy/emulator';
import { apiOf, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { makeAnew } from '../support/made-anew.ts';

const SERVICE_PATH = new RegExp(`/services/${SERVICE}$`);
const WAIT_PATH = /\/operations\/[^/]+:wait$/;

const twoRevisions = (reconcileMs: number): Promise<Emulator> =>
  cloudWith({
    reconcileMs,
    services: [{ name: SERVICE, image: `${IMAGES}:a`, laterImages: [`${IMAGES}:b`] }],
  });

async function rollBack(cloud: Emulator): Promise<string> {
  const [first = ''] = revisionNames(cloud);
  await rollback(() => apiOf(cloud), LOCATION, first).perform();
  assert.deepEqual(serving(cloud), [`${first}=100`]);
  return first;
}

const error = (httpStatus: number, status: string): Trigger['fault'] => ({
  kind: 'error',
  httpStatus,
  status,
  message: 'made to fail',
});
const looks = (cloud: Emulator): number => {
  const writtenAt = cloud.requests.findIndex(({ method }) => method === 'PATCH');
  return cloud.requests
    .slice(writtenAt)
    .filter(({ method, path }) => method === 'GET' && SERVICE_PATH.test(path)).length;
};

const GET = { method: 'GET', path: SERVICE_PATH };
// A look is followed by a pause of a tenth of a second at least, whose timer may be a little early.
const LEAST_PAUSE_MS = 90;

// First what tells at once that a line is wrong, without waiting for what never comes.
test('settled is what the platform is done with, of that generation or a later one', () => {
  const service = (reconciling: boolean, observedGeneration: number) =>
    ({ reconciling, observedGeneration }) as Service;
  for (const [observed, settled] of [
    [6, false],
    [7, true],
    [8, true],
  ] as const) {
    assert.equal(isSettled(service(false, observed), 7), settled);
    assert.equal(isSettled(service(true, observed), 7), false);
  }
});

test('a condition is told in the platform’s words, as far as there are any', () => {
  const condition = { type: 'Ready', state: 'failed' } as const;
  for (const [reason, message, said] of [
    ['WHY', 'it broke', 'WHY: it broke'],
    [undefined, 'it broke', 'it broke'],
    ['WHY', undefined, 'WHY'],
    [undefined, undefined, 'the platform says only "failed"'],
  ] as const)
    assert.equal(describeCondition({ ...condition, reason, message }), said);
});

describe('a look at what came of a change', () => {
  const CHANGED =
    /^boom; service control was changed \(generation 7\) and the platform goes on without this script$/;
  const failing = async (thrown: unknown, generation: number | undefined): Promise<unknown> => {
    await using cloud = await cloudWith();
    return lookAfterChange(await apiOf(cloud), generation, () => Promise.reject(thrown)).catch(
      (seen: unknown) => seen,
    );
  };

  test('that fails says that there was a change, and both hints', async () => {
    const seen = await failing(
      new CloudError('forbidden', 'boom', { hint: 'Ask for a role.', cause: undefined }),
      7,
    );
    assert.ok(seen instanceof UserError);
    assert.match(seen.message, CHANGED);
    assert.match(
      seen.hint ?? '',
      /^Ask for a role\.\nLook at what came of it: gcloud run services describe control /,
    );
    assert.ok(seen.cause instanceof CloudError);
  });

  test('that fails without a hint still says where to look, and leaves out a generation that is not known', async () => {
    const seen = await failing(new CloudError('refused', 'boom', { cause: undefined }), undefined);
    assert.ok(seen instanceof UserError);
    assert.match(seen.message, /^boom; service control was changed and the platform goes on/);
    assert.match(seen.hint ?? '', /^Look at what came of it: /);
  });

  test('that meets a bug is the bug', async () => {
    const bug = new TypeError('boom');
    assert.equal(await failing(bug, 7), bug);
  });

  test('that succeeds gives what it saw', async () => {
    await using cloud = await cloudWith();
    assert.equal(await lookAfterChange(await apiOf(cloud), 7, async () => 'seen'), 'seen');
  });
});

const A_LONG_TIME_MS = 600_000;
const MINUTE_MS = 60_000;
/** What sets the clock that measures spans ahead. */
const clockOf = (t: TestContext, minutes: number): (() => void) => {
  const now = performance.now.bind(performance);
  let aheadMs = 0;
  t.mock.method(performance, 'now', () => now() + aheadMs);
  return () => {
    aheadMs = minutes * MINUTE_MS;
  };
};
const changed = async (reconcileMs = A_LONG_TIME_MS) => {
  const cloud = await twoRevisions(reconcileMs);
  cloud.changeTemplate(SERVICE, (template) => ({ ...template, timeout: '99s' }), 'bob@example.com');
  const { generation, uid } = cloud.service(SERVICE);
  const awaited = { generation: Number(generation), uid };
  return { cloud, api: await apiOf(cloud), awaited, generation: awaited.generation };
};

type Pause = { ms: number; signal: AbortSignal | undefined; isOver: boolean };

/** Has pauses take another time than they were to take; gives those that were made. */
function pausesOf(t: TestContext, instead: (ms: number) => number): Pause[] {
  const made: Pause[] = [];
  const real = timers.setTimeout;
  t.mock.method(timers, 'setTimeout', async (ms: number, value: unknown, options: TimerOptions = {}) => {
    // The emulator's own, which keep no process alive.
    if (options.ref === false) return real(ms, value, options);
    const one: Pause = { ms, signal: options.signal, isOver: false };
    made.push(one);
    await real(instead(ms), value, options);
    one.isOver = true;
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  return made;
}
type TimerOptions = { ref?: boolean; signal?: AbortSignal };

test('without an operation to wait for, the first look is at once, and pauses grow by half up to two seconds', async (t) => {
  const { cloud, api, awaited } = await changed();
  await using _ = cloud;
  cloud.on({ match: GET, skip: 10, fault: { kind: 'first', act: clockOf(t, 15.1) } });
  const pauses = pausesOf(t, () => 0);
  await assert.rejects(waitUntilSettled(api, awaited), /has not settled in 15 minutes/);
  assert.deepEqual(
    pauses.map(({ ms }) => ms),
    [100, 150, 225, 337.5, 506.25, 759.375, 1139.0625, 1708.59375, 2000, 2000],
  );
});

test('the end of the operation ends the pause between two looks', async (t) => {
  await using cloud = await twoRevisions(20);
  const between = Promise.withResolvers<void>();
  cloud.on({
    match: { method: 'POST', path: WAIT_PATH },
    fault: { kind: 'first', act: () => between.promise },
  });
  const notYet = () => {
    const body = JSON.stringify({ ...cloud.service(SERVICE), reconciling: true });
    cloud.on({ match: GET, fault: { kind: 'not-json', body } });
  };
  cloud.on({ match: { method: 'PATCH', path: SERVICE_PATH }, fault: { kind: 'first', act: notYet } });
  const pauses = pausesOf(t, (ms) => {
    if (ms === 100) return ms;
    between.resolve();
    return 30_000;
  });
  await rollBack(cloud);
  assert.deepEqual(
    pauses.map(({ ms, isOver, signal }) => [ms, isOver, signal?.aborted]),
    [
      [100, true, true],
      [150, false, true],
    ],
  );
  assert.equal(looks(cloud), 2);
});

test('who is done waits for the operation no longer', async () => {
  await using cloud = await twoRevisions(20);
  cloud.on({ match: { method: 'POST', path: WAIT_PATH }, fault: { kind: 'stall', ms: 60_000 } });
  const given: AbortSignal[] = [];
  const open = async () => {
    const api = await apiOf(cloud);
    const waitForOperation: ServiceApi['waitForOperation'] = (operation, signal) => {
      given.push(signal);
      return api.waitForOperation(operation, signal);
    };
    return { ...api, waitForOperation };
  };
  await rollback(open, LOCATION, revisionNames(cloud)[0] ?? '').perform();
  assert.deepEqual(
    given.map(({ aborted }) => aborted),
    [true],
  );
});

test('a wait that ends before the operation does is asked for again, if it was a wait at all', async (t) => {
  await using cloud = await twoRevisions(20);
  const ahead = clockOf(t, 0.1);
  let asked = 0;
  const open = async () => {
    const api = await apiOf(cloud);
    const waitForOperation: ServiceApi['waitForOperation'] = async (operation, signal) => {
      asked += 1;
      if (asked > 1) return api.waitForOperation(operation, signal);
      ahead();
      return false;
    };
    return { ...api, waitForOperation };
  };
  await rollback(open, LOCATION, revisionNames(cloud)[0] ?? '').perform();
  assert.equal(asked, 2);
});

test('a wait for the operation that breaks off is not asked for again, however long it took', async (t) => {
  await using cloud = await twoRevisions(120);
  const fault = { kind: 'reset', when: 'before', act: clockOf(t, 0.1) } as const;
  cloud.on({ match: { method: 'POST', path: WAIT_PATH }, fault, times: 9 });
  await rollBack(cloud);
  assert.equal(cloud.requests.filter(({ path }) => WAIT_PATH.test(path)).length, 1);
});

describe('waiting for a change to settle', { concurrency: true }, () => {
  test('ends at once when the service may no longer be read, saying what was done', async () => {
    await using cloud = await twoRevisions(20);
    cloud.on({
      match: { method: 'GET', path: SERVICE_PATH },
      fault: error(403, 'PERMISSION_DENIED'),
      skip: 2,
      times: 9,
    });
    await assert.rejects(rollBack(cloud), /no permission .*; service control was changed \(generation \d+\)/);
    await cloud.settled();
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[0]}=100`], 'it was made all the same');
    assert.equal(looks(cloud), 1);
  });

  test('is over when the operation is: one look is enough', async () => {
    await using cloud = await twoRevisions(60);
    await rollBack(cloud);
    assert.equal(looks(cloud), 1);
    assert.equal(cloud.requests.filter(({ path }) => WAIT_PATH.test(path)).length, 1);
  });

  for (const [name, fault] of [
    ['is refused', error(403, 'PERMISSION_DENIED')],
    ['knows nothing of the operation', error(404, 'NOT_FOUND')],
    ['is cut off', { kind: 'reset', when: 'before' }],
    ['never answers', { kind: 'stall', ms: 60_000 }],
    // A body without `done`, as of an operation that is still under way.
    ['answers at once without having waited', error(200, 'OK')],
  ] as [string, Trigger['fault']][]) {
    test(`goes on by looking when the wait for the operation ${name}`, async () => {
      await using cloud = await twoRevisions(120);
      cloud.on({ match: { method: 'POST', path: WAIT_PATH }, fault, times: 9 });
      let [writtenAt, lookedAt] = [0, 0];
      const onWrite = () => {
        writtenAt = Date.now();
      };
      const onLook = () => {
        lookedAt = Date.now();
      };
      cloud.on({ match: { method: 'PATCH', path: SERVICE_PATH }, fault: { kind: 'first', act: onWrite } });
      cloud.on({ match: GET, skip: 2, fault: { kind: 'first', act: onLook } });
      await rollBack(cloud);
      assert.ok(cloud.requests.filter(({ path }) => WAIT_PATH.test(path)).length <= 1, 'it is asked once');
      assert.ok(lookedAt - writtenAt >= LEAST_PAUSE_MS, `looked after ${lookedAt - writtenAt} ms`);
    });
  }
});

/** Makes another change at each of the next looks after the write, so that they do not find the service settled. */
function changeAtLooks(cloud: Emulator, times: number): void {
  const [first = ''] = revisionNames(cloud);
  const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION';
  let changes = 0;
  const act = () => {
    changes += 1;
    const his = { type, revision: first, tag: `at-${changes}` } as const;
    cloud.changeTraffic(SERVICE, [...cloud.service(SERVICE).traffic, his], 'bob@example.com');
  };
  cloud.on({ match: GET, skip: 2, fault: { kind: 'first', act }, times });
}

/** Gives the first revision everything; the pauses meanwhile, and whether the end of the operation may end each. */
async function pausesOfRollback(cloud: Emulator, pauses: readonly Pause[]) {
  const [first = ''] = revisionNames(cloud);
  await rollback(() => apiOf(cloud), LOCATION, first).perform();
  assert.equal(serving(cloud)[0], `${first}=100`);
  return pauses.map(({ ms, signal }) => [ms, signal !== undefined]);
}

test('pauses longer each time while the operation says nothing', async (t) => {
  await using cloud = await twoRevisions(40);
  const never = new Promise<void>(() => {});
  cloud.on({ match: { method: 'POST', path: WAIT_PATH }, fault: { kind: 'first', act: () => never } });
  changeAtLooks(cloud, 4);
  const pauses = await pausesOfRollback(
    cloud,
    pausesOf(t, () => 0),
  );
  assert.deepEqual(
    pauses.slice(0, 5),
    [100, 150, 225, 337.5, 506.25].map((ms) => [ms, true]),
  );
});

test('looks on with pauses when the operation is over and the service goes on with another change', async (t) => {
  await using cloud = await twoRevisions(40);
  cloud.on({
    match: { method: 'POST', path: WAIT_PATH },
    fault: { kind: 'not-json', body: '{"done":true}' },
  });
  changeAtLooks(cloud, 5);
  let made = 0;
  // The first is ended by the operation, however late that answers; the others are not.
  const instead = (ms: number) => {
    made += 1;
    return made === 1 ? 60_000 : ms;
  };
  const pauses = await pausesOfRollback(cloud, pausesOf(t, instead));
  assert.deepEqual(pauses.slice(0, 6), [
    [100, true],
    ...[100, 150, 225, 337.5, 506.25].map((ms) => [ms, false]),
  ]);
});

describe('a change that does not settle', () => {
  test('because its service was deleted and made anew is given up at the next look', async () => {
    const { cloud, api, awaited } = await changed();
    await using _ = cloud;
    const act = () => makeAnew(cloud);
    cloud.on({ match: GET, fault: { kind: 'first', act } });
    await assert.rejects(waitUntilSettled(api, awaited), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(
        error.message,
        /^service control was deleted and made anew \(last changed by operator@example\.com at .*\), so this change may be lost$/,
      );
      assert.match(error.hint ?? '', /run this again; .*\n {2}.* scripts\/canary-rollout\.ts status$/);
      return true;
    });
  });

  test('in a quarter of an hour is given up, with what the platform says of it', async (t) => {
    const { cloud, api, awaited } = await changed();
    await using _ = cloud;
    cloud.on({ match: GET, skip: 1, fault: { kind: 'first', act: clockOf(t, 15.1) } });
    await assert.rejects(waitUntilSettled(api, awaited), (error) => {
      assert.ok(error instanceof UserError);
      assert.equal(
        error.message,
        `service ${SERVICE} has not settled in 15 minutes (The change is being carried out.)`,
      );
      assert.match(
        error.hint ?? '',
        /^The platform goes on without this script\. Look at the state .*\n {2}.* scripts\/canary-rollout\.ts status$/,
      );
      return true;
    });
    assert.equal(cloud.requests.length, 2);
  });

  test('in less than that is still waited for, and every look is told', async (t) => {
    const { cloud, api, awaited, generation } = await changed(30);
    await using _ = cloud;
    // However late the first look is, it finds the service at work.
    const body = JSON.stringify({ ...cloud.service(SERVICE), reconciling: true });
    cloud.on({ match: GET, fault: { kind: 'not-json', body } });
    const ahead = clockOf(t, 14.5);
    const seen: boolean[] = [];
    const startedAt = Date.now();
    const service = await waitUntilSettled(api, awaited, (now) => {
      ahead();
      seen.push(isSettled(now, generation));
    });
    // Pauses grow by half: so many looks take so long at least.
    const least = LEAST_PAUSE_MS * 2 * (1.5 ** seen.length - 1);
    assert.ok(Date.now() - startedAt >= least, `${seen.length} looks in ${Date.now() - startedAt} ms`);
    assert.ok(isSettled(service, generation));
    assert.equal(service.generation, generation);
    assert.ok(seen.length >= 1 && seen.every((isSettledThen) => !isSettledThen), String(seen));
  });
});

// These take as long as the API's own retries, so they come last: whatever else fails is told sooner.
describe('trouble while waiting for a change to settle', { concurrency: true }, () => {
  for (const [name, fault] of [
    ['that does not answer', error(503, 'UNAVAILABLE')],
    ['to which requests come too slowly', error(408, 'UNKNOWN')],
    ['that asks for patience', error(429, 'RESOURCE_EXHAUSTED')],
    ['whose connections break', { kind: 'reset', when: 'before' }],
  ] as [string, Trigger['fault']][]) {
    test(`goes on over more trouble than a look survives, of an API ${name}`, async () => {
      await using cloud = await twoRevisions(20);
      // Two reads before the write, then one look whose every repetition fails.
      cloud.on({ match: { method: 'GET', path: SERVICE_PATH }, fault, skip: 2, times: 6 });
      await rollBack(cloud);
      assert.ok(looks(cloud) > 6);
    });
  }
});

test('a change that can no longer be looked at is given up after a quarter of an hour as well', async (t) => {
  const { cloud, api, awaited, generation } = await changed();
  await using _ = cloud;
  const fault = { kind: 'reset', when: 'before', act: clockOf(t, 15.1) } as const;
  cloud.on({ match: GET, fault, times: 99 });
  await assert.rejects(
    waitUntilSettled(api, awaited),
    new RegExp(
      `could not be reached .*; service ${SERVICE} was changed \\(generation ${generation}\\) and the platform goes on`,
    ),
  );
});
