import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeRecording, readRecording } from '@deploy/canary';
import {
  addMinute,
  beginFreshWindow,
  beginPromotion,
  judge,
  type Observation,
  type Verdict,
} from '@deploy/canary/verdict';
import { defaultLimits } from '../support/limits.ts';
import { seen, times } from './sample-minutes.ts';

type Sides = { step?: number; stable?: Observation; canary: Observation };

const verdictOn = (minutes: Sides[], more: Record<string, unknown> = {}): Verdict =>
  judgeRecording(
    readRecording({ steps: [5, 25, 50, 100], step: 5, windowMinutes: 10, minutes, ...more }, defaultLimits),
  );

const signal = (verdict: Verdict, name: string) => verdict.signals.find((each) => each.signal === name);

const quiet: Sides = { stable: seen(114), canary: seen(6) };
const history = times(60, seen(120));

describe('errors', () => {
  test('a candidate without failures and with enough requests is healthy, and the reason says what is not known', () => {
    const minutes = [{ stable: seen(114, 1), canary: seen(6) }, ...times(9, quiet)];
    const verdict = verdictOn(minutes, { history });
    assert.equal(verdict.verdict, 'healthy');
    assert.equal(verdict.minute, 10);
    assert.equal(
      verdict.reason,
      '0 of 60 candidate requests failed (stable 1 of 1,140): fewer than 4.9 % fail (95 % sure, if failures come singly); one failing 2 % would look like this in 30 % of windows',
    );
  });

  test('a step of which nothing was seen is no healthy one, however many requests the steps before had', () => {
    const before = times(10, { step: 50, stable: seen(500), canary: seen(500) });
    const at100 = (canary: Observation) =>
      verdictOn([...before, ...times(9, { step: 100, canary: seen(0) }), { step: 100, canary }], { history });
    const verdict = at100(seen(0));
    assert.equal(verdict.verdict, 'inconclusive');
    assert.match(verdict.reason, /^not one request of the candidate was seen at 100 %: it got none, or /);
    assert.equal(at100(seen(1)).verdict, 'healthy');
  });

  test('minutes of failures that hit the candidate alone are unhealthy at the third, and the reason is one that a tired person understands', () => {
    const bad = { stable: seen(114), canary: seen(6, 1) };
    const verdict = verdictOn([quiet, ...times(9, bad)], { history });
    assert.deepEqual([verdict.verdict, verdict.minute], ['unhealthy', 4]);
    assert.equal(
      verdict.reason,
      'all 3 failed requests hit the candidate, which got 5 % of the traffic; 13 % of its requests failed; the limit is 1 %',
    );
    const { lnEvidence = 0, lnBound } = signal(verdict, 'errors') ?? {};
    assert.ok(Math.abs(lnEvidence - 7.251949) < 2e-6);
    assert.equal(lnBound, 5.991465);
  });

  test('most of the failures, when stable had one of them', () => {
    const bad = { stable: seen(114), canary: seen(6, 1) };
    const verdict = verdictOn([{ stable: seen(114, 1), canary: seen(6) }, ...times(9, bad)], { history });
    assert.match(
      verdict.reason,
      /^4 of the 5 failed requests hit the candidate, which got 5 % of the traffic; /,
    );
  });

  test('a clump in one minute is one piece of evidence, and holds the candidate', () => {
    const verdict = verdictOn([{ stable: seen(114), canary: seen(6, 6) }, ...times(9, quiet)]);
    assert.equal(verdict.verdict, 'healthy');
    assert.ok((signal(verdict, 'errors')?.lnEvidence ?? 0) < Math.log(10));
  });

  test('worse than stable, but under the limit, is healthy and said so', () => {
    const verdict = verdictOn(times(10, { stable: seen(5700), canary: seen(1000, 3) }), {
      history: times(60, seen(6000)),
    });
    assert.equal(verdict.verdict, 'healthy');
    assert.match(verdict.reason, /^worse than stable, but under the limit: 30 of 10,000 /);
  });

  test('both bad is inconclusive: a rollback would not help', () => {
    const verdict = verdictOn(times(10, { stable: seen(300, 6), canary: seen(300, 6) }), {
      step: 50,
      history: times(60, seen(600, 12)),
    });
    assert.equal(verdict.verdict, 'inconclusive');
    assert.equal(
      verdict.reason,
      "both are bad: 2 % of the candidate's requests and 2 % of stable's failed, the limit is 1 %; a rollback would not help",
    );
  });

  test('at the limit with a stable that is below, but without evidence, is inconclusive', () => {
    const minutes = [
      ...times(5, { stable: seen(10_000, 90), canary: seen(1000, 12) }),
      ...times(5, { stable: seen(10_000, 90), canary: seen(1000, 13) }),
    ];
    const verdict = verdictOn(minutes, { history: times(60, seen(11_000, 100)) });
    assert.equal(verdict.verdict, 'inconclusive');
    assert.match(verdict.reason, /do not tell whether that is the candidate's doing$/);
  });

  test('one failure of few is above the limit and no reason to wait', () => {
    const verdict = verdictOn([{ stable: seen(114), canary: seen(6, 1) }, ...times(9, quiet)]);
    assert.equal(verdict.verdict, 'healthy');
  });

  test('a limit of the document counts', () => {
    const minutes = times(10, { stable: seen(114), canary: seen(20, 1) });
    assert.equal(verdictOn(minutes).verdict, 'unhealthy');
    assert.equal(verdictOn(minutes, { limits: { max5xxPercent: 6 } }).verdict, 'healthy');
  });

  test('fewer false alarms take more evidence', () => {
    const minutes = times(10, { stable: seen(114), canary: seen(6, 1) });
    assert.equal(verdictOn(minutes).minute, 3);
    assert.equal(verdictOn(minutes, { limits: { falseAlarmPercent: 0.1 } }).minute, 4);
  });

  test('it goes on from step to step', () => {
    const minutes = [
      ...times(8, { step: 5, ...quiet }),
      ...times(2, { step: 5, stable: seen(114), canary: seen(6, 1) }),
      { step: 25, stable: seen(90), canary: seen(30, 1) },
      { step: 25, stable: seen(90), canary: seen(30, 1) },
    ];
    assert.deepEqual([verdictOn(minutes).verdict, verdictOn(minutes).minute], ['unhealthy', 12]);
    assert.equal(verdictOn(minutes.slice(10), { step: 25 }).verdict, 'inconclusive');
  });
});

describe('healthy takes', () => {
  test('enough requests: those of the whole promotion, for the share of the next step', () => {
    const few = times(10, { stable: seen(38), canary: seen(2) });
    assert.match(
      verdictOn(few).reason,
      /had 20 since the promotion began, and 25 are needed before the step to 25 %/,
    );
    assert.equal(verdictOn(few).verdict, 'inconclusive');
    assert.equal(verdictOn(few, { limits: { minRequests: 80 } }).verdict, 'healthy');
    const two = [
      ...few.map((each) => ({ ...each, step: 5 })),
      ...times(10, { step: 25, stable: seen(9), canary: seen(3) }),
    ];
    assert.equal(verdictOn(two).verdict, 'healthy', '20 and 30 are the 50 for step 50');
  });

  test('a whole window', () => {
    const verdict = verdictOn(times(4, { stable: seen(1140), canary: seen(60) }));
    assert.equal(verdict.verdict, 'inconclusive');
    assert.match(verdict.reason, /4 of 10 minutes of the window were watched/);
  });

  test('no more than was recorded, when the document does not tell its window', () => {
    const minutes = times(4, { stable: seen(1140), canary: seen(60) });
    assert.equal(verdictOn(minutes, { windowMinutes: undefined }).verdict, 'healthy');
  });

  test('something to judge', () => {
    const verdict = verdictOn([]);
    assert.deepEqual([verdict.verdict, verdict.minute], ['inconclusive', 0]);
  });

  test('requests at all: no traffic is inconclusive, never unhealthy', () => {
    assert.equal(verdictOn(times(30, { stable: seen(0), canary: seen(0) })).verdict, 'inconclusive');
  });
});

describe('a promotion that goes on after an interruption', () => {
  const sides = { step: 5, stable: seen(1140), canary: seen(60) };
  const plan = { steps: [5, 25, 50, 100], windowMinutes: 10, limits: defaultLimits, affinity: false };
  const begun = times(9, sides).reduce(addMinute, beginPromotion(plan, []));

  test('takes a whole fresh window to be healthy', () => {
    let promotion = beginFreshWindow(begun);
    for (let minute = 1; minute <= 9; minute++) {
      promotion = addMinute(promotion, sides);
      assert.equal(judge(promotion).verdict, 'inconclusive');
      assert.match(judge(promotion).reason, new RegExp(` ${minute} of 10 minutes of the window`));
    }
    assert.equal(judge(addMinute(promotion, sides)).verdict, 'healthy');
    assert.equal(judge(addMinute(begun, sides)).verdict, 'healthy', 'without an interruption');
  });

  test('keeps its evidence', () => {
    const bad = { ...sides, canary: seen(60, 5) };
    const promotion = [bad, bad].reduce(addMinute, begun);
    assert.equal(judge(addMinute(beginFreshWindow(promotion), bad)).verdict, 'unhealthy');
  });

  test('is inconclusive while something cannot be read, and unhealthy all the same when that is known', () => {
    const unreadable = 'Cloud Monitoring has answered 503 for 5 minutes';
    const blind = judge(addMinute(begun, sides), { unreadable });
    assert.equal(blind.verdict, 'inconclusive');
    assert.match(blind.reason, /cannot tell what the candidate did: Cloud Monitoring has answered 503/);
    const bad = times(4, { ...sides, canary: seen(60, 5) }).reduce(addMinute, begun);
    assert.equal(judge(bad, { unreadable }).verdict, 'unhealthy');
  });

  test('refuses a minute of a step that is over', () => {
    const later = addMinute(begun, { ...sides, step: 25 });
    assert.throws(() => addMinute(later, sides), RangeError);
  });
});

describe('at 100 %', () => {
  const alone = (errors: number, count = 10): Sides[] =>
    times(count, { step: 100, canary: seen(120, errors) });

  test("the candidate is compared with stable's minutes before the promotion, and the reason says so", () => {
    const verdict = verdictOn(alone(2), { history });
    assert.equal(verdict.verdict, 'unhealthy');
    assert.match(verdict.reason, /compared with stable before the promotion, not at the same time/);
    assert.deepEqual(signal(verdict, 'errors')?.stable, { failed: 0, requests: 720 * verdict.minute });
    assert.match(
      verdictOn(alone(0), { history }).reason,
      /^0 of 1,200 .*\(stable before the promotion 0 of 7,200\)/,
    );
  });

  test('four minutes of one failure, against six of history each', () => {
    const verdict = verdictOn(alone(1, 10), { history, limits: { max5xxPercent: 0.5 } });
    assert.ok(
      Math.abs(
        (signal(verdictOn(alone(1, 4), { history, limits: { max5xxPercent: 50 } }), 'errors')?.lnEvidence ??
          0) - 6.760447,
      ) < 2e-6,
    );
    assert.deepEqual([verdict.verdict, verdict.minute], ['unhealthy', 4]);
  });

  test('each minute of history is used once; afterwards the evidence stands still', () => {
    const at = (count: number) =>
      signal(
        verdictOn(alone(1, count), { history: times(20, seen(120)), limits: { max5xxPercent: 50 } }),
        'errors',
      );
    assert.equal(at(11)?.lnEvidence, at(10)?.lnEvidence);
    assert.notEqual(at(10)?.lnEvidence, at(9)?.lnEvidence);
    assert.deepEqual(at(15)?.stable, { failed: 0, requests: 2400 });
  });

  test("without a history stable's minutes of the step before take its place, one for one", () => {
    const before = times(10, { step: 50, stable: seen(300), canary: seen(100) });
    const verdict = verdictOn([...before, ...alone(3)], { step: 50 });
    assert.equal(verdict.verdict, 'unhealthy');
    assert.deepEqual(signal(verdict, 'errors')?.stable, { failed: 0, requests: 300 * (verdict.minute - 10) });
  });

  test('a step that nobody watched in between changes nothing about that', () => {
    const before = times(10, { step: 5, stable: seen(100), canary: seen(100) });
    assert.deepEqual(signal(verdictOn([...before, ...alone(0)]), 'errors')?.stable, {
      failed: 0,
      requests: 1000,
    });
  });

  test('with neither there is nothing to compare with, and no rollback', () => {
    const verdict = verdictOn(alone(60));
    assert.equal(verdict.verdict, 'inconclusive');
    assert.equal(signal(verdict, 'errors')?.lnEvidence, 0);
  });

  test('a rate that both had in the step before is no reason to go back', () => {
    const both = times(10, { step: 50, stable: seen(600, 6), canary: seen(600, 6) });
    const after = times(10, { step: 100, canary: seen(1200, 20) });
    const calm = times(60, seen(1200, 1));
    assert.notEqual(verdictOn([...both, ...after], { history: calm }).verdict, 'unhealthy');
    assert.equal(verdictOn(after, { history: calm }).verdict, 'unhealthy');
  });

  test('a history shorter than the window still gives each minute one of its own', () => {
    const verdict = verdictOn(alone(30), { history: times(5, seen(120)) });
    assert.equal(verdict.verdict, 'unhealthy');
  });
});

describe('sign-in and sync tokens', () => {
  const failing = (failures: number, more = {}): Sides => ({
    stable: seen(114, 0, { signIn: { requests: 19, failures: 0 } }),
    canary: seen(6, 0, { signIn: { requests: 5, failures, ...more } }),
  });

  test('failures count when affinity keeps sessions on their revision', () => {
    const verdict = verdictOn(times(10, failing(2)), { affinity: true, history });
    assert.equal(verdict.verdict, 'unhealthy');
    assert.match(verdict.reason, /^all \d+ failed sign-ins hit the candidate/);
  });

  test('without affinity, or when nothing is known of it, the split itself breaks sign-ins, and they are not judged', () => {
    for (const affinity of [false, undefined]) {
      const verdict = verdictOn(times(10, failing(2)), { affinity, history });
      assert.equal(verdict.verdict, 'healthy');
      assert.equal(signal(verdict, 'sign-in')?.verdict, 'not judged');
      assert.match(signal(verdict, 'sign-in')?.note ?? '', /the split itself breaks sign-ins/);
    }
  });

  test('server errors among them count without it', () => {
    const minutes = times(10, {
      stable: seen(114, 0, { signIn: { requests: 19, failures: 3, serverErrors: 0 } }),
      canary: seen(6, 0, { signIn: { requests: 5, failures: 3, serverErrors: 2 } }),
    });
    assert.equal(verdictOn(minutes, { affinity: false }).verdict, 'unhealthy');
  });

  test("less than twice stable's rate is no reason to go back", () => {
    const minutes = times(10, {
      stable: seen(5700, 0, { syncToken: { requests: 3000, failures: 30 } }),
      canary: seen(3000, 0, { syncToken: { requests: 2000, failures: 38 } }),
    });
    const verdict = verdictOn(minutes, {
      affinity: true,
      history: times(60, seen(6000, 0, { syncToken: { requests: 3000, failures: 30 } })),
    });
    const { lnEvidence = 0, lnBound = 0 } = signal(verdict, 'sync tokens') ?? {};
    assert.ok(lnEvidence > lnBound);
    assert.equal(verdict.verdict, 'healthy');
  });

  test('what only one side measured is not judged', () => {
    const verdict = verdictOn(
      times(10, { stable: seen(114), canary: seen(6, 0, { signIn: { requests: 5, failures: 5 } }) }),
      { affinity: true },
    );
    assert.equal(verdict.verdict, 'healthy');
    assert.equal(signal(verdict, 'sign-in')?.verdict, 'not judged');
  });
});

describe('latency', () => {
  const boundsMs = [50, 100, 150, 200];
  const fast = { boundsMs, counts: [90, 10, 0, 0, 0] };
  const slow = { boundsMs, counts: [50, 10, 0, 30, 10] };
  const calm = times(60, seen(100, 0, { latency: fast }));
  const sides = (latency: Observation['latency'], step = 5): Sides =>
    step === 100
      ? { step, canary: { ...seen(100), ...(latency && { latency }) } }
      : {
          step,
          stable: seen(1900, 0, { latency: { boundsMs, counts: [1710, 190, 0, 0, 0] } }),
          canary: { ...seen(100), ...(latency && { latency }) },
        };

  test('a slow candidate is unhealthy once more than three of its minutes were slow', () => {
    const verdict = verdictOn(times(10, sides(slow)), { history: calm });
    assert.deepEqual([verdict.verdict, verdict.minute], ['unhealthy', 4]);
    assert.match(
      verdict.reason,
      /^40 % of the candidate's requests took longer than 100 ms, and 0 % of stable's/,
    );
  });

  test('three slow minutes of a step are forgiven', () => {
    const verdict = verdictOn([...times(3, sides(slow)), ...times(7, sides(fast))], { history: calm });
    assert.equal(verdict.verdict, 'healthy');
  });

  test('at 100 % it holds the promotion at the end of the window and never rolls it back', () => {
    const verdict = verdictOn(times(10, sides(slow, 100)), { history: calm });
    assert.deepEqual([verdict.verdict, verdict.minute], ['inconclusive', 10]);
    assert.match(verdict.reason, /not at the same time, which is no reason to roll back$/);
    const half = verdictOn([...times(5, sides(slow, 100)), ...times(5, sides(fast, 100))], { history: calm });
    assert.equal(half.verdict, 'healthy', 'half of the minutes are forgiven');
  });

  test("without a history stable's first three minutes tell what is slow, and are not judged", () => {
    const verdict = verdictOn(times(10, sides(slow)));
    assert.deepEqual([verdict.verdict, verdict.minute], ['unhealthy', 7]);
    const early = verdictOn(times(2, sides(slow)));
    assert.equal(signal(early, 'latency')?.verdict, 'not judged');
    assert.match(signal(early, 'latency')?.note ?? '', /the first 3 minutes/);
  });

  test('buckets that end too early judge nothing, and say so', () => {
    const past = { boundsMs: [50, 100], counts: [0, 0, 100] };
    const verdict = verdictOn(times(10, sides(slow)), {
      history: times(60, seen(100, 0, { latency: past })),
    });
    assert.equal(verdict.verdict, 'healthy');
    assert.match(signal(verdict, 'latency')?.note ?? '', /above the last bucket bound/);
  });

  test('coarse buckets are told, with the figure', () => {
    const coarse = { boundsMs: [100, 400], counts: [90, 10, 0] };
    const verdict = verdictOn(
      times(10, { stable: seen(100, 0, { latency: coarse }), canary: seen(100, 0, { latency: coarse }) }),
      { history: times(60, seen(100, 0, { latency: { boundsMs: [100, 400], counts: [100, 0, 0] } })) },
    );
    assert.match(signal(verdict, 'latency')?.note ?? '', /slow begins at 4\.2 x p95/);
  });

  test('a minute whose buckets lack the bound is left out', () => {
    const verdict = verdictOn(times(10, sides({ boundsMs: [70], counts: [0, 100] })), { history: calm });
    assert.equal(signal(verdict, 'latency')?.verdict, 'not judged');
  });
});

describe('what fails outright', () => {
  test('pages without a route decision are unhealthy, at the end of the window and not before', () => {
    const silent = { stable: seen(114), canary: seen(6, 0, { pages: 4, routeDecisions: 0 }) };
    const verdict = verdictOn(times(12, silent));
    assert.deepEqual([verdict.verdict, verdict.minute], ['unhealthy', 10]);
    assert.match(verdict.reason, /served 40 pages and logged no route\.split\.decision/);
    assert.equal(
      verdictOn([{ ...silent, canary: seen(6, 0, { pages: 4, routeDecisions: 1 }) }, ...times(9, silent)])
        .verdict,
      'healthy',
    );
  });

  test('pages whose decisions the project may just not keep are not, unless losing all of them is hardly chance', () => {
    const kept = (canaryPages: number) =>
      verdictOn(
        times(10, {
          stable: seen(114, 0, { pages: 100, routeDecisions: 20 }),
          canary: seen(6, 0, { pages: canaryPages, routeDecisions: 0 }),
        }),
      );
    // One line in five is kept: 20 pages leave none in 1.2 % of all windows, 30 pages in 0.12 %.
    assert.equal(kept(2).verdict, 'healthy');
    assert.equal(signal(kept(2), 'audit events')?.note, "0 for 20 pages; stable's: 200 for 1,000");
    assert.match(kept(3).reason, /served 30 pages and logged no route\.split\.decision/);
  });

  test('one that is not JSON as well', () => {
    const odd = {
      stable: seen(114),
      canary: seen(6, 0, { pages: 4, routeDecisions: 4, unreadableDecisions: 1 }),
    };
    assert.match(
      verdictOn(times(10, odd)).reason,
      /10 of the candidate's 40 route\.split\.decision events are not JSON/,
    );
  });

  test('a failed smoke or a candidate that is not ready is enough, at any time', () => {
    for (const failed of [{ ready: false }, { smokePassed: false }]) {
      const verdict = verdictOn([quiet, { stable: seen(114), canary: seen(6, 0, failed) }]);
      assert.deepEqual([verdict.verdict, verdict.minute], ['unhealthy', 2]);
    }
  });
});

test('counts far beyond any service stay numbers', () => {
  const many = 4_000_000_000;
  const good = verdictOn(times(10, { stable: seen(many, many / 1000), canary: seen(many, many / 1000) }));
  assert.equal(good.verdict, 'healthy');
  const bad = verdictOn(times(10, { stable: seen(many, 0), canary: seen(many, many) }));
  assert.deepEqual([bad.verdict, bad.minute], ['unhealthy', 1]);
  assert.ok(Number.isFinite(signal(bad, 'errors')?.lnEvidence));
});
