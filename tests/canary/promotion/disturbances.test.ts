import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, test } from 'node:test';
import { type PromotionEvent, runningPromotion, unfinishedPromotion } from '@deploy/canary';
import { UserError } from '@deploy/cli';
import type { Emulator } from '@deploy/emulator';
import { apiOf, revisionNames, SERVICE, serving } from '../../support/cloud.ts';
import { LOOK, shortenPauses, WRITE } from '../../support/colleague.ts';
import { makeAnew } from '../../support/made-anew.ts';
import {
  cloudWithCandidate,
  FAILING,
  madeUpSource,
  minutesBetween,
  startWalk,
  type Walk,
  WELL,
} from '../../support/promotion.ts';

shortenPauses();
const PROMOTION = 'openagents.com/canary-promotion';
const isStep = (percent: number) => (event: PromotionEvent) =>
  event.kind === 'stepBegun' && event.percent === percent;
const writes = (cloud: Emulator): number => cloud.requests.filter(({ method }) => method === 'PATCH').length;
const remembered = (cloud: Emulator) => JSON.parse(cloud.service(SERVICE).annotations?.[PROMOTION] ?? 'null');

describe("somebody else's change in the middle of a promotion", { concurrency: 6 }, () => {
  test('of the traffic wins: nothing more is touched, and it is told who it was', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = ''] = revisionNames(cloud);
    const walk = await startWalk(cloud, { minutes: WELL });
    await walk.until(isStep(25));
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const;
    cloud.changeTraffic(SERVICE, [{ type, revision: stable, percent: 100 }], 'bob@example.com');
    const before = writes(cloud);
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'superseded', JSON.stringify(outcome));
    assert.match(
      outcome.why,
      /^bob@example\.com changed service control .*: traffic is control-00001-\w+=100, not /,
    );
    assert.equal(writes(cloud), before);
    await cloud.settled();
    assert.deepEqual(serving(cloud), [`${stable}=100`]);
  });

  test('of the traffic wins over a rollback as well', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const;
    const theirs = [
      { type, revision: stable, percent: 60 },
      { type, revision: canary, percent: 40 },
    ];
    const walk = await startWalk(cloud, {
      minutes: FAILING,
      async perform(action) {
        // At the very last moment: the rollback is decided and announced.
        if (/--to-revisions [\w-]+=100$/.test(action.announcement ?? ''))
          cloud.changeTraffic(SERVICE, theirs, 'bob@example.com');
        return action.perform();
      },
    });
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'superseded', JSON.stringify(outcome));
    await cloud.settled();
    assert.deepEqual(serving(cloud), [`${stable}=60`, `${canary}=40`]);
  });

  test('of the template wins, and its revision is named although it takes a while', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0, reconcileMs: 1000 });
    const walk = await startWalk(cloud, { minutes: WELL });
    await walk.until(isStep(25));
    cloud.changeTemplate(SERVICE, (template) => ({ ...template, timeout: '77s' }), 'bob@example.com');
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'superseded', JSON.stringify(outcome));
    const made = revisionNames(cloud)[2];
    assert.ok(made !== undefined);
    assert.match(outcome.why, /^bob@example\.com .* there is a new template/);
    assert.ok(outcome.why.endsWith(`its revision is ${made}`), outcome.why);
    assert.equal(serving(cloud).length, 3);
  });
});

test('a service that is deleted and made anew has no promotion, whatever its annotations say', async () => {
  await using cloud = await cloudWithCandidate({ perMinute: 0 });
  const walk = await startWalk(cloud, { minutes: WELL });
  await walk.until(isStep(25));
  await makeAnew(cloud);
  const before = writes(cloud);
  const outcome = await walk.outcome;
  assert.ok(outcome.state === 'superseded', JSON.stringify(outcome));
  assert.match(
    outcome.why,
    /^service control was deleted and made anew \(last changed by operator@example\.com at /,
  );
  assert.equal(writes(cloud), before);
  await cloud.settled();
  const [only = ''] = revisionNames(cloud);
  assert.deepEqual(serving(cloud), [`${only}=100`]);
  const kept = { ...remembered(cloud), canary: only, begun: [{ percent: 100, at: 0 }], steps: [100] };
  const made = await (await apiOf(cloud)).read();
  const withNote = { ...made, annotations: { [PROMOTION]: JSON.stringify(kept) } };
  assert.equal(unfinishedPromotion(withNote), undefined);
  assert.ok(unfinishedPromotion({ ...withNote, uid: kept.uid }), 'the note is readable');
});

test('a service that is made anew in the middle of a rollback is let go of, and nobody is told to roll it back', async () => {
  await using cloud = await cloudWithCandidate({ perMinute: 0 });
  let isRollback = false;
  let before = 0;
  cloud.on({
    match: LOOK,
    isDue: () => isRollback && writes(cloud) > before,
    fault: { kind: 'first', act: () => makeAnew(cloud) },
  });
  const walk = await startWalk(cloud, {
    minutes: FAILING,
    async perform(action) {
      isRollback = /--to-revisions [\w-]+=100$/.test(action.announcement ?? '');
      before = writes(cloud);
      return action.perform();
    },
  });
  const outcome = await walk.outcome;
  assert.ok(outcome.state === 'superseded', JSON.stringify(outcome));
  assert.match(outcome.why, /^service control was deleted and made anew /);
});

test('whether a promotion runs goes by the clock of the platform, however wrong that of this machine is', async (t) => {
  await using cloud = await cloudWithCandidate({ perMinute: 0, clockSpeed: 1 });
  const [stable, canary] = revisionNames(cloud);
  const api = await apiOf(cloud);
  const real = Date.now.bind(Date);
  const HALF_AN_HOUR_MS = 30 * 60_000;
  for (const [lastsMs, wrongByMs] of [
    [HALF_AN_HOUR_MS, 2 * HALF_AN_HOUR_MS],
    [-HALF_AN_HOUR_MS, -2 * HALF_AN_HOUR_MS],
  ] as const) {
    const owner = {
      id: 'x',
      account: 'carol@example.com',
      host: 'elsewhere',
      pid: 1,
      until: real() + lastsMs,
    };
    const steps = { steps: [25, 100], begun: [], tag: 'candidate', hadTag: false };
    const note = JSON.stringify({ v: 1, stable, canary, startedAt: real(), ...steps, owner });
    // The etag changes once more when the change before has been carried out.
    await cloud.settled();
    const { traffic, etag } = await api.read();
    await api.write({ traffic, annotations: { [PROMOTION]: note } }, etag);
    const clock = t.mock.method(Date, 'now', () => real() + wrongByMs);
    const service = await api.read();
    clock.mock.restore();
    const running = runningPromotion(service, { host: hostname(), isRunning: () => true });
    assert.equal(running?.by.account, lastsMs > 0 ? 'carol@example.com' : undefined);
  }
});

test('fields that come in another order each time are no change by somebody else', async () => {
  await using cloud = await cloudWithCandidate({ perMinute: 0 });
  const [stable = '', canary = ''] = revisionNames(cloud);
  const api = await apiOf(cloud);
  let isTurned = false;
  const read = async () => {
    const service = await api.read();
    isTurned = !isTurned;
    return isTurned ? { ...service, template: turned(service.template) } : service;
  };
  const walk = await startWalk(cloud, { minutes: WELL, api: { ...api, read } });
  assert.deepEqual(await walk.outcome, { state: 'promoted', stable, canary });
});

/** The same with the fields of each object in the opposite order. */
function turned<T>(value: T): T {
  const turn = (_: string, each: unknown): unknown =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).reverse())
      : each;
  return JSON.parse(JSON.stringify(value, turn));
}

describe('a promotion that is there already', { concurrency: 6 }, () => {
  test('keeps a second one out, which is told whose it is and since when', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const settings = { windowMinutes: 10, maxWindowMinutes: 20 };
    const first = await startWalk(cloud, { minutes: WELL, settings });
    await first.until(isStep(25));
    const elsewhere = { account: 'carol@example.com', host: 'elsewhere', pid: 1, isRunning: () => false };
    const second = await startWalk(cloud, { minutes: WELL, walker: elsewhere });
    await assert.rejects(
      second.outcome,
      /^UserError: operator@example\.com has been promoting control-00002-\w+ on .* since 20/,
    );
    assert.equal((await first.outcome).state, 'promoted');
  });

  test('of two that start at the same moment one goes on, and the other touches nothing more', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const elsewhere = { account: 'carol@example.com', host: 'elsewhere', pid: 1, isRunning: () => true };
    const walks = await Promise.all([
      startWalk(cloud, { minutes: WELL }),
      startWalk(cloud, { minutes: WELL, walker: elsewhere }),
    ]);
    const ended = await Promise.allSettled(walks.map(({ outcome }) => outcome));
    const states = ended.map((each) => (each.status === 'fulfilled' ? each.value.state : 'refused'));
    assert.equal(states.filter((state) => state === 'promoted').length, 1, String(states));
    assert.ok(
      states.every((state) => ['promoted', 'superseded', 'refused'].includes(state)),
      String(states),
    );
    const [, canary] = revisionNames(cloud);
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
  });

  test('is kept for as long as a step waits for logs that are late, however long that is', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const startedAt = cloud.clock.now();
    let passed = 0;
    const now = () => new Date(startedAt + passed * 60_000);
    // A backlog of five minutes that grows smaller by one in five minutes, and each time the wait begins anew.
    const read = async ({ from }: { from: Date }) => {
      const unread = Math.max(0, 6 - Math.floor(passed / 5));
      const upTo = new Date(now().getTime() - unread * 60_000);
      const closed = minutesBetween(from, upTo, WELL);
      const behind = unread > 0 && { behind: 'there are more logs than may be read' };
      return { state: 'read' as const, closed, open: [], ...behind };
    };
    const openSource = async () => madeUpSource({ now, read });
    let second: unknown;
    const walk = await startWalk(cloud, {
      settings: { steps: [100] },
      openSource,
      async pause() {
        passed += passed === 0 ? 8 : 1;
        if (passed !== 20) return;
        const elsewhere = { account: 'carol@example.com', host: 'elsewhere', pid: 1, isRunning: () => true };
        // If it is let in after all, it ends at its first pause: nobody else moves this clock.
        const pause = async (): Promise<void> => other.stop();
        const other: Walk = await startWalk(cloud, { walker: elsewhere, openSource, pause });
        second = await other.outcome.catch((error: unknown) => error);
      },
    });
    const outcome = await walk.outcome;
    assert.match(String(second), /^UserError: operator@example\.com has been promoting /);
    assert.equal(outcome.state, 'promoted', JSON.stringify(outcome));
    assert.ok(passed > 20, String(passed));
  });

  test('is kept without a pause in watching, however long Cloud Run takes to carry out the note', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable, canary] = revisionNames(cloud);
    const startedAt = cloud.clock.now();
    let passed = 0;
    const now = () => new Date(startedAt + passed * 60_000);
    const read = async () => ({
      state: 'read' as const,
      closed: [],
      open: [],
      behind: 'there are more logs',
    });
    const stopping = new AbortController();
    cloud.on({ match: WRITE, isDue: () => passed > 0, fault: { kind: 'operation', fate: 'stalls' } });
    const walk = await startWalk(cloud, {
      openSource: async () => madeUpSource({ now, read }),
      signal: stopping.signal,
      async pause() {
        // The claim is renewed after the first of these pauses.
        passed += 8;
        if (passed > 8) stopping.abort();
      },
    });
    assert.deepEqual(await walk.outcome, { state: 'interrupted', stable, canary, percent: 25 });
    assert.equal(passed, 16);
    assert.equal(writes(cloud), 4, 'the tag, the shift, the renewal and the release');
  });

  test('can be taken over; whoever had it touches nothing more', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    // Long enough for the second one to come, however busy the machine is.
    const settings = { windowMinutes: 60, maxWindowMinutes: 60 };
    const first = await startWalk(cloud, { minutes: WELL, settings });
    await first.until(isStep(25));
    const elsewhere = { account: 'carol@example.com', host: 'elsewhere', pid: 1, isRunning: () => false };
    const second = await startWalk(cloud, { minutes: WELL, walker: elsewhere, settings: { takeOver: true } });
    const outcome = await first.outcome;
    assert.ok(outcome.state === 'superseded', JSON.stringify(outcome));
    assert.match(outcome.why, /carol@example\.com on elsewhere took this promotion over/);
    assert.equal((await second.outcome).state, 'promoted');
  });

  test('is taken up at its step after an interruption, with a fresh window and the evidence of before', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const first = await startWalk(cloud, { minutes: WELL });
    await first.until(({ kind }) => kind === 'minuteObserved');
    first.stop();
    assert.deepEqual(await first.outcome, { state: 'interrupted', stable, canary, percent: 25 });
    assert.deepEqual(serving(cloud), [`${stable}=75`, `${canary}=25`, `${canary}=0(candidate)`]);
    assert.equal(remembered(cloud).owner, undefined);

    const elsewhere = { account: 'carol@example.com', host: 'elsewhere', pid: 1, isRunning: () => true };
    const second = await startWalk(cloud, {
      minutes: WELL,
      walker: elsewhere,
      settings: { steps: [5, 10, 25, 100] },
      loginLastsMs: async () => 60_000,
    });
    const begun = await second.until(({ kind }) => kind === 'promotionBegun');
    assert.equal(begun.kind === 'promotionBegun' && begun.resumedAt, 25);
    assert.deepEqual(await second.outcome, { state: 'promoted', stable, canary });
    const shifts = second.announced.filter((line) => line.includes('--to-revisions'));
    assert.equal(shifts.length, 1);
    // Two steps of up to six minutes are left.
    const [warned] = second.events.filter(({ kind }) => kind === 'promotionWarned');
    assert.match(JSON.stringify(warned), /ends in 1 min, and this may take 12 min/);
    // The minutes that nobody watched count as evidence, and not for the window.
    const at25 = second.events.filter((event) => event.kind === 'minuteObserved' && event.minute.step === 25);
    assert.ok(at25.length > 3, `${at25.length} minutes`);
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
  });

  test('goes on without a name only while no later deployment may be meant', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const first = await startWalk(cloud, { minutes: WELL });
    await first.until(isStep(25));
    first.stop();
    await first.outcome;
    cloud.changeTemplate(SERVICE, (template) => ({ ...template, timeout: '77s' }), 'bob@example.com');
    await cloud.settled();
    const later = revisionNames(cloud)[2];
    const refused = await (await startWalk(cloud, { minutes: WELL })).outcome.catch(
      (error: UserError) => error,
    );
    assert.ok(refused instanceof UserError);
    assert.match(
      refused.message,
      new RegExp(`^a promotion of ${canary} is at 25 %, and ${later} was deployed after it`),
    );
    assert.match(
      refused.hint ?? '',
      new RegExp(`promote ${canary}\\n[^]*rollback ${stable}\\n[^]*promote ${later}$`),
    );
    const named = await startWalk(cloud, { minutes: WELL, canary });
    assert.deepEqual(await named.outcome, { state: 'promoted', stable, canary });
  });

  test('and has moved no traffic yet keeps no other candidate out, once its process is gone', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const killed = await startWalk(cloud, { smoke: () => Promise.reject(new Error('killed')) });
    await assert.rejects(killed.outcome, /killed/);
    assert.equal(remembered(cloud).canary, canary);
    cloud.changeTemplate(SERVICE, (template) => ({ ...template, timeout: '77s' }), 'bob@example.com');
    await cloud.settled();
    const later = revisionNames(cloud)[2] ?? '';
    const stillThere = await startWalk(cloud, { minutes: WELL, canary: later });
    await assert.rejects(
      stillThere.outcome,
      /^UserError: operator@example\.com has been promoting control-00002/,
    );
    const walker = {
      account: 'carol@example.com',
      host: hostname(),
      pid: process.pid,
      isRunning: () => false,
    };
    const walk = await startWalk(cloud, { minutes: WELL, canary: later, walker });
    assert.deepEqual(await walk.outcome, { state: 'promoted', stable, canary: later });
    assert.deepEqual(serving(cloud), [`${later}=100`]);
    assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {});
  });

  test('is history once somebody has moved the traffic', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = ''] = revisionNames(cloud);
    const first = await startWalk(cloud, { minutes: WELL });
    await first.until(isStep(25));
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const;
    cloud.changeTraffic(SERVICE, [{ type, revision: stable, percent: 100 }], 'bob@example.com');
    await first.outcome;
    const second = await startWalk(cloud, { minutes: WELL });
    const begun = await second.until(({ kind }) => kind === 'promotionBegun');
    assert.ok(begun.kind === 'promotionBegun' && begun.resumedAt === undefined);
    assert.equal((await second.outcome).state, 'promoted');
  });
});

describe('Ctrl-C while the candidate is checked', { concurrency: 6 }, () => {
  /** A smoke check of the candidate during which somebody presses Ctrl-C, from the given one on. */
  const stoppedAt = (smoke: number, ctrlC: () => void) => {
    let made = 0;
    return async (_: string, of: 'candidate' | 'service') => {
      if (of === 'candidate') made += 1;
      if (made === smoke) ctrlC();
      return { passed: true };
    };
  };

  test('before it has any traffic gives it none, and leaves nothing behind', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const walk: Walk = await startWalk(cloud, { minutes: WELL, smoke: stoppedAt(1, () => walk.stop()) });
    assert.deepEqual(await walk.outcome, { state: 'interrupted', stable, canary, percent: 0 });
    assert.deepEqual(serving(cloud), [`${stable}=100`]);
    assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {});
  });

  test('between two steps gives it no more than it has', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const walk: Walk = await startWalk(cloud, { minutes: WELL, smoke: stoppedAt(2, () => walk.stop()) });
    assert.deepEqual(await walk.outcome, { state: 'interrupted', stable, canary, percent: 25 });
    assert.deepEqual(serving(cloud), [`${stable}=75`, `${canary}=25`, `${canary}=0(candidate)`]);
    assert.equal(remembered(cloud).owner, undefined);
  });

  for (const [name, when] of [
    ['before the promotion has changed anything', 'at once'],
    ['while it asks how long the login lasts', 'when asked'],
  ]) {
    test(`${name} changes nothing`, async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0 });
      const [stable = '', canary = ''] = revisionNames(cloud);
      const stopping = new AbortController();
      const walk = await startWalk(cloud, {
        minutes: WELL,
        signal: stopping.signal,
        async loginLastsMs() {
          stopping.abort();
          return undefined;
        },
      });
      if (when === 'at once') stopping.abort();
      assert.deepEqual(await walk.outcome, { state: 'interrupted', stable, canary, percent: 0 });
      assert.equal(writes(cloud), 0);
    });
  }
});

describe('trouble on the way', { concurrency: 6 }, () => {
  test('a candidate that breaks at its third step is taken back by what its smoke meets', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = ''] = revisionNames(cloud);
    let isBroken = false;
    const walk = await startWalk(cloud, {
      minutes: WELL,
      settings: { steps: [10, 25, 50, 100], windowMinutes: 1 },
      smoke: async (_, of) =>
        of === 'service' || !isBroken ? { passed: true } : { passed: false, why: 'readiness: 503' },
    });
    await walk.until(isStep(50));
    isBroken = true;
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'rolled back' && outcome.percent === 50, JSON.stringify(outcome));
    assert.match(outcome.why, /smoke.*readiness: 503/);
    assert.equal(serving(cloud)[0], `${stable}=100`);
  });

  describe('checks that reach nobody from here', { concurrency: 6 }, () => {
    const reached = { passed: true };
    const outOfReach = { passed: false, why: 'readiness: the connection was refused', isOutOfReach: true };
    const settings = { windowMinutes: 1, maxWindowMinutes: 1 };
    const kept = (cloud: Emulator) => JSON.stringify(cloud.service(SERVICE).annotations ?? {});
    /** From the first step on, so many smokes reach nobody. */
    const outage = (smokes: number) => {
      let isStep = false;
      let failed = 0;
      return {
        failed: () => failed,
        async smoke() {
          if (!isStep || failed === smokes) return reached;
          failed += 1;
          return outOfReach;
        },
        async checkStage() {
          isStep = true;
          return { state: 'skipped' as const, why: 'nobody is signed in' };
        },
      };
    };

    test('are made again for a few minutes, and a network that comes back meanwhile changes nothing', async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0 });
      const [stable = '', canary = ''] = revisionNames(cloud);
      // Candidate and service are smoked twice each, and a minute later the network comes back between the two.
      const { smoke, checkStage } = outage(6);
      const walk = await startWalk(cloud, { minutes: WELL, settings, smoke, checkStage });
      assert.deepEqual(await walk.outcome, { state: 'promoted', stable, canary });
      const warned = walk.events.filter(
        (event) => event.kind === 'promotionWarned' && /; trying again$/.test(event.warning),
      );
      assert.equal(warned.length, 1);
    });

    test('blame the candidate when the service is reached', async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0 });
      const [, canary = ''] = revisionNames(cloud);
      let made = 0;
      const walk = await startWalk(cloud, {
        ...{ minutes: WELL, settings },
        smoke: async (_, of) => (of === 'candidate' && ++made > 1 ? outOfReach : reached),
      });
      const outcome = await walk.outcome;
      assert.ok(outcome.state === 'rolled back' && outcome.isItsFault, JSON.stringify(outcome));
      assert.match(kept(cloud), new RegExp(`canary-failed.*${canary}`));
    });

    for (const [onInconclusive, state] of [
      ['hold', 'held'],
      ['rollback', 'rolled back'],
      ['advance', 'promoted'],
    ] as const) {
      test(`end in what CANARY_ON_INCONCLUSIVE=${onInconclusive} says, without blaming the candidate`, async () => {
        await using cloud = await cloudWithCandidate({ perMinute: 0 });
        let made = 0;
        const walk = await startWalk(cloud, {
          ...{ minutes: WELL, settings: { ...settings, onInconclusive } },
          smoke: async () => (++made > 2 ? outOfReach : reached),
        });
        const outcome = await walk.outcome;
        assert.equal(outcome.state, state, JSON.stringify(outcome));
        assert.doesNotMatch(kept(cloud), /canary-failed/);
      });
    }

    test('are made again after this machine has slept, however long ago the first were', async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0 });
      const [stable = '', canary = ''] = revisionNames(cloud);
      let aheadMs = 0;
      const now = () => new Date(cloud.clock.now() + aheadMs);
      // Candidate and service are smoked twice each, before the machine sleeps and once it is awake again.
      const { smoke, checkStage, failed } = outage(8);
      const walk: Walk = await startWalk(cloud, {
        ...{ settings, smoke, checkStage },
        openSource: async () =>
          madeUpSource({
            now,
            read: async ({ from }) => ({
              state: 'read',
              closed: minutesBetween(from, now(), WELL),
              open: [],
            }),
          }),
        async pause() {
          if (failed() === 4) aheadMs = 60 * 60_000;
          await cloud.clock.sleep(5000);
        },
      });
      assert.deepEqual(await walk.outcome, { state: 'promoted', stable, canary });
    });

    test('of a resumed promotion do not use up the few minutes at the end of its window', async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0 });
      const first = await startWalk(cloud, { minutes: WELL });
      await first.until(isStep(25));
      first.stop();
      assert.equal((await first.outcome).state, 'interrupted');
      let failed = 0;
      const resumed = await startWalk(cloud, {
        ...{ minutes: WELL, settings: { windowMinutes: 6, maxWindowMinutes: 6, onInconclusive: 'rollback' } },
        async smoke() {
          if (failed === 8) return reached;
          failed += 1;
          return outOfReach;
        },
      });
      await resumed.until(isStep(100));
      resumed.stop();
      assert.equal((await resumed.outcome).state, 'interrupted');
    });

    for (const what of ['checks', 'reads'] as const) {
      test(`end a promotion that looks only every six minutes as well (${what})`, async () => {
        await using cloud = await cloudWithCandidate({ perMinute: 0 });
        let aheadMs = 0;
        const now = () => new Date(cloud.clock.now() + aheadMs);
        const isReached = () => what === 'reads' || aheadMs === 0;
        const walk: Walk = await startWalk(cloud, {
          settings,
          openSource: async () =>
            madeUpSource({
              now,
              read: async ({ from }) =>
                what === 'reads'
                  ? { state: 'unreadable', kind: 'unanswered', why: 'the network is down' }
                  : { state: 'read', closed: minutesBetween(from, now(), WELL), open: [] },
            }),
          smoke: async () => (isReached() ? reached : outOfReach),
          async pause() {
            aheadMs += 6 * 60_000;
            if (aheadMs > 6 * 60 * 60_000) walk.stop();
          },
        });
        assert.equal((await walk.outcome).state, 'held');
      });
    }

    test('are not made again, at the candidate or at the service, after Ctrl-C', async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0 });
      const smoked: string[] = [];
      const walk: Walk = await startWalk(cloud, {
        ...{ minutes: WELL, settings: { ...settings, onInconclusive: 'rollback' } },
        async smoke(_, of) {
          if (smoked.push(of) <= 2) return reached;
          walk.stop();
          return outOfReach;
        },
      });
      assert.equal((await walk.outcome).state, 'interrupted');
      assert.deepEqual(smoked, ['candidate', 'service', 'candidate', 'candidate']);
    });

    test('end a resumed promotion at once; one whose candidate has broken meanwhile is rolled back at once', async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0 });
      const [stable = '', canary = ''] = revisionNames(cloud);
      const first = await startWalk(cloud, { minutes: WELL });
      await first.until(isStep(25));
      first.stop();
      assert.equal((await first.outcome).state, 'interrupted');
      const split = serving(cloud);

      const elsewhere = await startWalk(cloud, { minutes: WELL, smoke: async () => outOfReach });
      const held = await elsewhere.outcome;
      assert.ok(held.state === 'held' && held.percent === 25, JSON.stringify(held));
      assert.match(
        held.why,
        /neither it nor the service can be reached from here: readiness: the connection/,
      );
      assert.match(held.hint ?? '', /go on from a machine that can reach the service/);
      assert.deepEqual(serving(cloud), split);
      assert.equal(elsewhere.events.filter(({ kind }) => kind === 'polled').length, 1);

      const broken = await startWalk(cloud, {
        minutes: WELL,
        smoke: async (_, of) => (of === 'service' ? reached : { passed: false, why: 'readiness: 503' }),
      });
      const back = await broken.outcome;
      assert.ok(back.state === 'rolled back' && back.isItsFault, JSON.stringify(back));
      assert.ok(!broken.events.some(({ kind }) => kind === 'polled'));
      assert.match(kept(cloud), new RegExp(`canary-failed.*${canary}`));
      assert.equal(serving(cloud)[0], `${stable}=100`);
    });
  });

  test('a resumed promotion that reaches nobody rolls back a candidate that fails by its requests so far', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = ''] = revisionNames(cloud);
    const first = await startWalk(cloud, { minutes: WELL });
    await first.until(isStep(25));
    await cloud.clock.sleep(2 * 60_000);
    first.stop();
    assert.equal((await first.outcome).state, 'interrupted');
    const resumed = await startWalk(cloud, {
      minutes: { stable: { requests: 450, errors: 0 }, canary: { requests: 150, errors: 150 } },
      smoke: async () => ({ passed: false, why: 'readiness: refused', isOutOfReach: true }),
    });
    const outcome = await resumed.outcome;
    assert.ok(outcome.state === 'rolled back' && outcome.isItsFault, JSON.stringify(outcome));
    assert.equal(serving(cloud)[0], `${stable}=100`);
  });

  test('a machine that slept for an hour decides by what happened meanwhile as well', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    // How far the platform's clock is ahead of the emulator's, and how much of that this machine has heard of.
    const ahead = { platformMs: 0, heardMs: 0 };
    let badFrom = Number.POSITIVE_INFINITY;
    const now = () => new Date(cloud.clock.now() + ahead.heardMs);
    const walk: Walk = await startWalk(cloud, {
      settings: { windowMinutes: 2, maxWindowMinutes: 2 },
      openSource: async () =>
        madeUpSource({
          now,
          async read({ from, to }) {
            ahead.heardMs = ahead.platformMs;
            const end = new Date(Math.min(to.getTime(), now().getTime()));
            const closed = minutesBetween(from, end, WELL).map((minute) =>
              minute.startsAt.getTime() < badFrom ? minute : { ...minute, ...FAILING },
            );
            return { state: 'read', closed, open: [] };
          },
        }),
      async pause() {
        const last = walk.events.findLast((event) => event.kind === 'polled');
        if (ahead.platformMs === 0 && last?.kind === 'polled' && last.poll.watchedMinutes > 1) {
          badFrom = now().getTime() + 6 * 60_000;
          ahead.platformMs = 60 * 60_000;
        }
        await cloud.clock.sleep(5000);
      },
    });
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'rolled back' && outcome.percent === 25, JSON.stringify(outcome));
  });

  test('a shift that is refused takes the candidate back and does not count against it', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const refusal = { httpStatus: 403, status: 'PERMISSION_DENIED', message: 'no longer allowed' } as const;
    const walk = await startWalk(cloud, {
      minutes: WELL,
      perform(action) {
        if (action.announcement?.includes(`${canary}=25`))
          cloud.on({ match: { method: 'PATCH', path: /services/ }, fault: { kind: 'error', ...refusal } });
        return action.perform();
      },
    });
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'rolled back', JSON.stringify(outcome));
    assert.match(outcome.why, /no longer allowed/);
    assert.deepEqual(serving(cloud), [`${stable}=100`, `${canary}=0(candidate)`]);
    assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {});
    const again = await startWalk(cloud, { minutes: WELL });
    await again.until(isStep(25));
    again.stop();
    await again.outcome;
  });

  for (const [name, refusal] of [
    ['whose quota is used up', { httpStatus: 429, status: 'RESOURCE_EXHAUSTED', message: 'quota exceeded' }],
    ['that is overloaded', { httpStatus: 503, status: 'UNAVAILABLE', message: 'try again later' }],
  ] as const) {
    /** Refuses more writes than one change sends, from the moment when the line of this change is announced. */
    const refuseFrom = (cloud: Emulator, line: RegExp): Partial<Parameters<typeof startWalk>[1]> => {
      let isRefusing = false;
      return {
        perform(action) {
          if (!isRefusing && line.test(action.announcement ?? '')) {
            isRefusing = true;
            const match = { method: 'PATCH', path: /services/ };
            cloud.on({ match, times: 12, fault: { kind: 'error', ...refusal } });
          }
          return action.perform();
        },
      };
    };

    test(`a rollback with a Cloud Run ${name} is tried until it is made`, async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0 });
      const [stable = '', canary = ''] = revisionNames(cloud);
      const walk = await startWalk(cloud, {
        minutes: FAILING,
        ...refuseFrom(cloud, /--to-revisions [\w-]+=100$/),
      });
      const outcome = await walk.outcome;
      assert.ok(outcome.state === 'rolled back' && outcome.isItsFault, JSON.stringify(outcome));
      assert.deepEqual(serving(cloud), [`${stable}=100`, `${canary}=0(candidate)`]);
      const warnings = walk.events.flatMap((each) => (each.kind === 'promotionWarned' ? each.warning : []));
      assert.match(
        warnings.at(-1) ?? '',
        /^the traffic is not back yet: nothing was changed: gave up after 5 /,
      );
    });

    test(`a shift with a Cloud Run ${name} is tried until it is made, and nothing is held against the candidate`, async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0 });
      const [stable = '', canary = ''] = revisionNames(cloud);
      const walk = await startWalk(cloud, { minutes: WELL, ...refuseFrom(cloud, /=25$/) });
      assert.deepEqual(await walk.outcome, { state: 'promoted', stable, canary });
      assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {});
    });
  }

  test('a service that cannot be read for a while is waited for', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const walk = await startWalk(cloud, { minutes: WELL });
    await walk.until(isStep(25));
    const match = { method: 'GET', path: /\/services\/control$/ };
    cloud.on({
      match,
      times: 8,
      fault: { kind: 'error', httpStatus: 401, status: 'UNAUTHENTICATED', message: 'expired' },
    });
    await walk.until((event) => event.kind === 'polled' && event.poll.unreadable !== undefined);
    assert.equal((await walk.outcome).state, 'promoted');
  });
});
