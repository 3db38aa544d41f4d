import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WalkSettings } from '@deploy/canary';
import type { ObservedMinute } from '@deploy/canary/cloud';
import { UserError } from '@deploy/cli';
import type { Emulator, EmulatorOptions } from '@deploy/emulator';
import { whatNow } from '../../../scripts/canary/promote-lines.ts';
import { apiOf, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../../support/cloud.ts';
import { defaultLimits } from '../../support/limits.ts';
import {
  cloudWithCandidate,
  FAILING,
  madeUpSource,
  minutesBetween,
  startWalk,
  WELL,
} from '../../support/promotion.ts';

const TOO_MANY = 'there are more request logs than may be read';
const LINE = '^gcloud run services update-traffic control --project openagentsgemini --region us-central1';
const enough = { stable: { requests: 100, errors: 0 }, canary: { requests: 30, errors: 0 } };

/** A clock that begins at the emulator's time and moves only when a test lets time pass. */
function ownClock(cloud: Emulator): { now(): Date; pass(ms: number): void } {
  let nowMs = cloud.clock.now();
  return {
    now: () => new Date(nowMs),
    pass(ms) {
      nowMs += ms;
    },
  };
}

describe('a promotion', { concurrency: 2 }, () => {
  test('walks a healthy candidate to 100 %, announcing each change, and cleans up', async () => {
    await using cloud = await cloudWithCandidate();
    const [stable = '', canary = ''] = revisionNames(cloud);
    const walk = await startWalk(cloud);
    const outcome = await walk.outcome;
    assert.deepEqual(outcome, { state: 'promoted', stable, canary });
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
    const flags = [
      `--update-tags candidate=${canary}`,
      `--to-revisions ${stable}=75,${canary}=25`,
      `--to-revisions ${canary}=100`,
      '--remove-tags candidate',
    ];
    assert.equal(walk.announced.length, flags.length, walk.announced.join('\n'));
    for (const [i, flag] of flags.entries())
      assert.match(walk.announced[i] ?? '', new RegExp(`${LINE} ${flag}$`));
    assert.deepEqual(Object.keys(cloud.service(SERVICE).annotations ?? {}), []);
    const verdicts = walk.events.flatMap((event) =>
      event.kind === 'stepJudged' ? event.verdict.verdict : [],
    );
    assert.deepEqual(verdicts, ['healthy', 'healthy']);
  });

  test('takes a bad candidate back at once, smokes the service and remembers it', async () => {
    await using cloud = await cloudWithCandidate({ candidate: { errorPercent: 40 } });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const walk = await startWalk(cloud);
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'rolled back', JSON.stringify(outcome));
    assert.match(outcome.why, /failed/);
    assert.deepEqual(serving(cloud), [`${stable}=100`, `${canary}=0(candidate)`]);
    assert.match(walk.announced.at(-1) ?? '', new RegExp(`--to-revisions ${stable}=100$`));
    const smoked = walk.events.findLast((event) => event.kind === 'candidateSmoked');
    assert.equal(smoked?.kind === 'candidateSmoked' && smoked.url, cloud.service(SERVICE).uri);

    const again = await startWalk(cloud);
    await assert.rejects(again.outcome, /was rolled back at .*: .*failed/);
    const retried = await startWalk(cloud, { settings: { retry: true } });
    await retried.until(({ kind }) => kind === 'stepBegun');
    retried.stop();
    await retried.outcome;
  });

  test('sees a candidate break while the minute before may still get entries', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = ''] = revisionNames(cloud);
    const nothing = { requests: 0, errors: 0 };
    const walk = await startWalk(cloud, {
      openSource: async () =>
        madeUpSource({
          delayMs: 600_000,
          now: () => new Date(cloud.clock.now()),
          read: async ({ from }) => {
            const ended = { startsAt: from, stable: { requests: 150, errors: 0 }, canary: nothing };
            const running = {
              startsAt: new Date(from.getTime() + 60_000),
              stable: { requests: 300, errors: 0 },
              canary: { requests: 100, errors: 100 },
            };
            return { state: 'read', closed: [], open: [ended, running] };
          },
        }),
    });
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'rolled back', JSON.stringify(outcome));
    assert.match(outcome.why, /all 100 failed requests hit the candidate/);
    assert.equal(serving(cloud)[0], `${stable}=100`);
    const looks = walk.events.filter(({ kind }) => kind === 'polled');
    assert.equal(looks.length, 1);
  });

  test('counts the minutes of a window that have passed, and decides as soon as the longest one is known', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const startedAt = cloud.clock.now();
    let aheadMs = 0;
    const now = () => new Date(startedAt + aheadMs);
    const few = { stable: { requests: 3, errors: 0 }, canary: { requests: 3, errors: 0 } };
    const walk = await startWalk(cloud, {
      settings: { windowMinutes: 2, maxWindowMinutes: 2, limits: { ...defaultLimits, minRequests: 100 } },
      openSource: async () =>
        madeUpSource({
          delayMs: 30_000,
          now,
          async read({ from, to }) {
            const closed = minutesBetween(from, new Date(now().getTime() - 30_000), few);
            const begun = minutesBetween(from, to, few).filter(({ startsAt }) => startsAt < now());
            return { state: 'read', closed, open: begun.slice(closed.length) };
          },
        }),
      async pause() {
        aheadMs += 5000;
      },
    });
    assert.equal((await walk.outcome).state, 'held');
    const polls = walk.events.flatMap((event) => (event.kind === 'polled' ? event.poll : []));
    for (const { watchedMinutes, verdict } of polls) {
      const told = /(\d+) of 2 minutes/.exec(verdict.reason)?.[1];
      if (watchedMinutes < 2) assert.equal(Number(told), Math.max(0, Math.floor(watchedMinutes)));
      else
        assert.match(verdict.reason, /the window is over, and its last requests may still arrive|^too few/);
    }
    assert.equal(polls.at(-1)?.watchedMinutes, 2);
    const over = polls.filter(({ watchedMinutes }) => watchedMinutes === 2);
    // For as long as the logs are late, and a look.
    assert.ok(over.length <= 8, `${over.length} looks`);
  });

  for (const onInconclusive of ['advance', 'rollback'] as const) {
    test(`without a decision goes by CANARY_ON_INCONCLUSIVE=${onInconclusive}, which is told as an override`, async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0 });
      const [stable = '', canary = ''] = revisionNames(cloud);
      const startedAt = cloud.clock.now();
      let aheadMs = 0;
      const now = () => new Date(startedAt + aheadMs);
      const none = { requests: 0, errors: 0 };
      const walk = await startWalk(cloud, {
        settings: { windowMinutes: 1, maxWindowMinutes: 1, onInconclusive },
        openSource: async () =>
          madeUpSource({
            now,
            read: async ({ from }) => ({
              state: 'read',
              closed: minutesBetween(from, now(), { stable: none, canary: none }),
              open: [],
            }),
          }),
        async pause() {
          aheadMs += 20_000;
        },
      });
      const outcome = await walk.outcome;
      const decided = walk.events.flatMap((event) =>
        event.kind === 'stepJudged' ? [[event.percent, event.decision, event.isOverride]] : [],
      );
      if (onInconclusive === 'advance') {
        assert.equal(outcome.state, 'promoted');
        assert.deepEqual(decided, [
          [25, 'advance', true],
          [100, 'finish', true],
        ]);
        assert.deepEqual(serving(cloud), [`${canary}=100`]);
      } else {
        assert.equal(outcome.state, 'rolled back');
        assert.deepEqual(decided, [[25, 'rollback', true]]);
        assert.equal(serving(cloud)[0], `${stable}=100`);
      }
    });
  }

  /** A walk that waits so long for its first answer; there are enough requests in every minute. */
  const walkWithSlowAnswer = async (
    cloud: Emulator,
    tookMs: number,
    answer = (ended: ObservedMinute[]): { closed: ObservedMinute[]; behind?: string } => ({ closed: ended }),
    settings: Partial<WalkSettings> = {},
  ) => {
    let aheadMs = 0;
    const now = () => new Date(cloud.clock.now() + aheadMs);
    return startWalk(cloud, {
      settings,
      openSource: async () =>
        madeUpSource({
          now,
          read: async ({ from }) => {
            const ended = minutesBetween(from, now(), enough);
            if (aheadMs === 0) aheadMs = tookMs;
            return { state: 'read', open: [], ...answer(ended) };
          },
        }),
    });
  };

  test('does not give up on minutes that passed while it waited for an answer: they are judged first', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    // The machine sleeps for a good part of an hour.
    const walk = await walkWithSlowAnswer(cloud, 40 * 60_000);
    assert.deepEqual(await walk.outcome, { state: 'promoted', stable, canary });
  });

  for (const what of ['logs', 'service'] as const) {
    test(`does not give up at the first failed read of its ${what} after the machine slept: it decides by what it can read soon`, async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0 });
      const [stable = '', canary = ''] = revisionNames(cloud);
      const { now, pass } = ownClock(cloud);
      let pauses = 0;
      let failures = 0;
      // The network goes before the machine sleeps, and is the last to wake.
      const isNetworkDown = () => pauses >= 2 && failures < 4;
      const api = await apiOf(cloud);
      const walk = await startWalk(cloud, {
        settings: { onInconclusive: 'rollback' },
        api: {
          ...api,
          async read() {
            if (what !== 'service' || !isNetworkDown()) return api.read();
            failures += 1;
            throw new UserError('the network is not there yet');
          },
        },
        openSource: async () =>
          madeUpSource({
            now,
            async read({ from }) {
              if (what !== 'logs' || !isNetworkDown())
                return { state: 'read', closed: minutesBetween(from, now(), enough), open: [] };
              failures += 1;
              return { state: 'unreadable', kind: 'unanswered', why: 'the network is not there yet' };
            },
          }),
        async pause() {
          pauses += 1;
          // Its clock goes on while the machine sleeps.
          pass(pauses === 3 ? 60 * 60_000 : 20_000);
        },
      });
      assert.deepEqual(await walk.outcome, { state: 'promoted', stable, canary });
      assert.equal(failures, 4);
    });
  }

  test('takes minutes in bit by bit where more logs came than may be read at once, and decides after the last', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    // An hour in which the backlog must shrink is a minute and a half here, which no busy machine exceeds.
    const walk = await walkWithSlowAnswer(
      cloud,
      200 * 60_000,
      (ended) => ({ closed: ended.slice(0, 10), ...(ended.length > 10 && { behind: TOO_MANY }) }),
      { maxWindowMinutes: 60 },
    );
    assert.deepEqual(await walk.outcome, { state: 'promoted', stable, canary });
    const polls = walk.events.flatMap((event) => (event.kind === 'polled' ? event.poll : []));
    const late = polls.filter(({ unreadable }) => unreadable === TOO_MANY);
    assert.ok(late.length >= 15, `${late.length} of ${polls.length}`);
    assert.ok(late.every(({ decision }) => decision === 'wait'));
  });

  test('does not wait for ever where logs come faster than they may be read', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const walk = await walkWithSlowAnswer(cloud, 20 * 60_000, (ended) => ({
      closed: ended.slice(0, -10),
      behind: TOO_MANY,
    }));
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'held', JSON.stringify(outcome));
    assert.match(outcome.why, /there are more request logs than may be read/);
    assert.deepEqual(serving(cloud), [`${stable}=75`, `${canary}=25`, `${canary}=0(candidate)`]);
  });

  test('nor where a read fails now and then meanwhile', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const { now, pass } = ownClock(cloud);
    let reads = 0;
    const walk = await startWalk(cloud, {
      openSource: async () =>
        madeUpSource({
          now,
          async read({ from }) {
            reads += 1;
            assert.ok(reads < 10_000, 'it waits for ever');
            if (reads % 5 === 0) return { state: 'unreadable', kind: 'unanswered', why: 'a time-out' };
            const closed = minutesBetween(from, now(), enough).slice(0, -10);
            return { state: 'read', closed, open: [], behind: TOO_MANY };
          },
        }),
      pause: async () => pass(20_000),
    });
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'held', JSON.stringify(outcome));
  });

  test('takes a bad candidate back although reading takes minutes, and there are more logs than may be read', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = ''] = revisionNames(cloud);
    const { now, pass } = ownClock(cloud);
    let isUsedUp = false;
    const walk = await startWalk(cloud, {
      openSource: async () =>
        madeUpSource({
          now,
          async read({ from }) {
            // Our share of reads is used up until the next poll.
            if (isUsedUp) return { state: 'read', closed: [], open: [], behind: TOO_MANY };
            isUsedUp = true;
            const closed = minutesBetween(from, now(), FAILING).slice(0, 2);
            pass(3 * 60_000);
            return { state: 'read', closed, open: [], behind: TOO_MANY };
          },
        }),
      async pause() {
        isUsedUp = false;
        pass(20_000);
      },
    });
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'rolled back' && outcome.isItsFault, JSON.stringify(outcome));
    assert.deepEqual(serving(cloud)[0], `${stable}=100`);
  });

  /** A walk whose requests all come well, except that nothing is seen of them from the third minute on, for so long. */
  const walkWithGap = async (cloud: Emulator, gapMinutes: number) => {
    const { now, pass } = ownClock(cloud);
    const gapFrom = Math.ceil(now().getTime() / 60_000 + 2) * 60_000;
    const nothing = { requests: 0, errors: 0 };
    const source = madeUpSource({
      now,
      read: async ({ from }) => ({
        state: 'read',
        closed: minutesBetween(from, now(), enough).map((minute) => {
          const minutes = (minute.startsAt.getTime() - gapFrom) / 60_000;
          return minutes < 0 || minutes >= gapMinutes
            ? minute
            : { ...minute, stable: nothing, canary: nothing };
        }),
        open: [],
      }),
    });
    const minutes = Array.from({ length: 60 }, () => enough.stable);
    return startWalk(cloud, {
      openSource: async () => ({
        ...source,
        readHistory: async () => ({ state: 'read', minutes, outOf: 60 }),
      }),
      pause: async () => pass(20_000),
    });
  };

  test('does not take for healthy what it cannot see, where a service that is much used falls silent', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const outcome = await (await walkWithGap(cloud, 1000)).outcome;
    assert.ok(outcome.state === 'held', JSON.stringify(outcome));
    assert.match(outcome.why, /^cannot tell what the candidate did: no request of either revision was seen/);
    assert.deepEqual(serving(cloud), [`${stable}=75`, `${canary}=25`, `${canary}=0(candidate)`]);
  });

  test('goes on once it sees again, by the minutes that it saw', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const walk = await walkWithGap(cloud, 2);
    assert.equal((await walk.outcome).state, 'promoted');
    const judged = walk.events.findIndex(
      (event) => event.kind === 'stepJudged' && event.decision === 'advance',
    );
    const seen = walk.events
      .slice(0, judged)
      .flatMap((event) => (event.kind === 'minuteObserved' ? event.minute.canary.requests : []));
    assert.deepEqual(
      [
        seen.filter((requests) => requests === 0).length,
        seen.slice(1).filter((requests) => requests > 0).length,
      ],
      [2, 3],
    );
  });

  test('holds where there is nothing to judge by, and says so', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const walk = await startWalk(cloud);
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'held', JSON.stringify(outcome));
    assert.match(outcome.why, /too few requests/);
    assert.deepEqual(serving(cloud), [`${stable}=75`, `${canary}=25`, `${canary}=0(candidate)`]);
  });

  test('held by what cannot be read, tells what helps', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const startedAt = cloud.clock.now();
    let aheadMs = 0;
    const unreadable = {
      kind: 'unauthenticated',
      why: 'the login has expired',
      hint: 'Log in again.',
    } as const;
    const walk = await startWalk(cloud, {
      settings: { windowMinutes: 1, maxWindowMinutes: 1 },
      openSource: async () =>
        madeUpSource({
          now: () => new Date(startedAt + aheadMs),
          read: async () => ({ state: 'unreadable', ...unreadable }),
        }),
      async pause() {
        aheadMs += 60_000;
      },
    });
    const outcome = await walk.outcome;
    assert.ok(outcome.state === 'held', JSON.stringify(outcome));
    const { line, hint } = whatNow(outcome, LOCATION);
    assert.match(line, /^held at 25 %, .*: the login has expired$/);
    assert.match(hint, /^The split stays\.\nLog in again\.\nnext, to resume at this step/);
  });

  test('holds where both are bad, since going back would not help', async () => {
    const faults = { errorPercent: 20 };
    await using cloud = await cloudWithCandidate({ stable: faults, candidate: faults });
    const outcome = await (await startWalk(cloud)).outcome;
    assert.ok(outcome.state === 'held', JSON.stringify(outcome));
    assert.match(outcome.why, /both are bad/);
  });

  for (const [which, scaled, told] of [
    ['with traffic', {}, [true, false, false]],
    ['that always has two', { scaling: { minInstanceCount: 2 } }, [false, false, false]],
    ['that answers one request at a time', { maxInstanceRequestConcurrency: 1 }, [false, false, false]],
    ['that never has two', { scaling: { maxInstanceCount: 1 } }, [true, true, true]],
  ] as const) {
    test(`tells the checks of a candidate ${which} whether several of its instances may answer them`, async () => {
      await using cloud = await cloudWithCandidate({ perMinute: 0, sessionAffinity: false });
      cloud.changeTemplate(SERVICE, (template) => ({ ...template, ...scaled }), 'bob@example.com');
      await cloud.settled();
      const seen: boolean[] = [];
      const walk = await startWalk(cloud, {
        settings: { windowMinutes: 1, maxWindowMinutes: 1 },
        minutes: WELL,
        async checkStage(_, { isOneInstance }) {
          seen.push(isOneInstance);
          return { state: 'passed', checks: [] };
        },
      });
      assert.equal((await walk.outcome).state, 'promoted');
      assert.deepEqual(seen, told);
    });
  }

  test('shifts nothing to a candidate whose smoke fails', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const before = serving(cloud);
    const smoke = async (_: string, of: string) => ({ passed: of === 'service', why: 'readiness: 503' });
    const outcome = await (await startWalk(cloud, { smoke })).outcome;
    assert.ok(outcome.state === 'not begun' && outcome.why === 'readiness: 503', JSON.stringify(outcome));
    assert.deepEqual(serving(cloud), before);
    assert.deepEqual(Object.keys(cloud.service(SERVICE).annotations ?? {}), []);
  });
});

describe('the tag of an earlier candidate, whose URL still leads there for a while', {
  concurrency: 2,
}, () => {
  const withTag = (more: EmulatorOptions = {}) =>
    cloudWithCandidate({
      services: [
        {
          name: SERVICE,
          image: `${IMAGES}:one`,
          laterImages: [`${IMAGES}:withdrawn`, `${IMAGES}:two`],
          traffic: [
            { revision: 1, percent: 100 },
            { revision: 2, percent: 0, tag: 'candidate' },
          ],
        },
      ],
      ...more,
    });

  const buildAtTag = async (cloud: Emulator): Promise<string> => {
    const url = cloud.service(SERVICE).trafficStatuses.find(({ tag }) => tag === 'candidate')?.uri;
    const answer = await fetch(`${url}/manifest.json`);
    return ((await answer.json()) as { buildId: string }).buildId;
  };
  /** Walks until the candidate has been checked. Returns the build that was checked, and the warnings. */
  const checked = async (cloud: Emulator, changes: Parameters<typeof startWalk>[1] = {}) => {
    const walk = await startWalk(cloud, { minutes: WELL, ...changes });
    await walk.until(({ kind }) => kind === 'stepBegun');
    walk.stop();
    await walk.outcome;
    const builds = walk.events.flatMap((each) => (each.kind === 'candidateSmoked' ? each.look.buildId : []));
    const warnings = walk.events.flatMap((each) => (each.kind === 'promotionWarned' ? each.warning : []));
    return { builds, warnings: warnings.filter((each) => /buildId/.test(each)) };
  };

  test('is waited for, so that the checks are made at the candidate', async () => {
    await using cloud = await withTag({ tagLagMs: 1500 });
    const earlier = await buildAtTag(cloud);
    const { builds, warnings } = await checked(cloud);
    assert.notEqual(await buildAtTag(cloud), earlier);
    assert.deepEqual(builds, [await buildAtTag(cloud)]);
    assert.deepEqual(warnings, []);
  });

  test('is waited for only for a while, since both may hold the same build, which is said', async () => {
    await using cloud = await withTag();
    const [, earlier] = revisionNames(cloud);
    const { warnings } = await checked(cloud, {
      readBuild: async () => '20260221T193500Z',
      smoke: async (_, of) => ({ passed: true, buildId: of === 'service' ? 'another' : '20260221T193500Z' }),
    });
    assert.deepEqual(warnings, [
      `the candidate has the same buildId, 20260221T193500Z, as ${earlier}, which had its tag until now, so nothing shows that the candidate is the one that answers`,
    ]);
  });
});
