import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  addMinuteEvidence,
  beginNextStep,
  clumpDivisor,
  latencyThreshold,
  lnMinuteFactor,
  lowerRateBound,
  noEvidence,
  p95,
  type SignalEvidence,
  type Tally,
  upperRateBound,
} from '@deploy/canary/statistics';

// Computed once by another program, from the formulas alone, and given with six decimals.
function assertIs(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 5.1e-7, `${actual} is not ${expected}`);
}

/** k, m failures of candidate and stable; n, r their requests. */
type Counts = readonly [k: number, m: number, n: number, r: number];

const canary = ([k, , n]: Counts): Tally => ({ failed: k, requests: n });
const stable = ([, m, , r]: Counts): Tally => ({ failed: m, requests: r });

describe('the clump divisor of a history', () => {
  const minutes = (failures: (i: number) => number, requests: (i: number) => number = () => 120): Tally[] =>
    Array.from({ length: 60 }, (_, i) => ({ failed: failures(i), requests: requests(i) }));
  const cases: [string, Tally[], number][] = [
    ['none', [], 10],
    ['one without errors', minutes(() => 0), 10],
    [
      'one without requests',
      minutes(
        () => 0,
        () => 0,
      ),
      10,
    ],
    ['7 minutes with 1', minutes((i) => (i < 7 ? 1 : 0)), 6.252243],
    ['1 minute with 10', minutes((i) => (i === 30 ? 10 : 0)), 10],
    ['3 minutes with 20', minutes((i) => (i % 20 === 0 ? 20 : 0)), 17.990315],
    ['5 and 0 in turn', minutes((i) => (i % 2 === 0 ? 5 : 0)), 3.008475],
    ['1 minute with 100', minutes((i) => (i === 7 ? 100 : 0)), 91.818182],
    [
      '12 of 600 in each',
      minutes(
        () => 12,
        () => 600,
      ),
      1,
    ],
    [
      '1 of 60 and 3 of 180 in turn',
      minutes(
        (i) => (i % 2 === 0 ? 1 : 3),
        (i) => (i % 2 === 0 ? 60 : 180),
      ),
      1,
    ],
  ];
  for (const [name, history, expected] of cases) test(name, () => assertIs(clumpDivisor(history), expected));
});

describe('one minute', () => {
  const cases: [Counts, phi: number, theta5: number, theta150: number, lnE: number][] = [
    [[1, 0, 6, 114], 10, 1.427116, 2.876469, 1.99073],
    [[3, 0, 6, 114], 10, 1.427116, 2.876469, 1.99073],
    [[1, 1, 6, 114], 10, 0.916291, 2.189966, 1.384818],
    [[6, 0, 6, 114], 2.9, 2.952655, 5.951315, 4.725501],
    [[3, 0, 6, 114], 1, 4.281349, 8.629407, 7.251949],
    [[30, 0, 30, 570], 10, 4.281349, 8.629407, 7.251949],
    [[0, 5, 6, 114], 10, -0.182322, -2.134166, -0.404482],
    [[4, 12, 30, 90], 1.5, -3.101735, -25.509171, -1.064503],
    [[15, 6, 300, 5700], 1, 20.312816, 30.342034, 30.906594],
    [[2, 0, 2, 0], 10, 0, 0, 0],
  ];
  for (const [counts, phi, theta5, theta150, lnE] of cases) {
    test(`${counts.join(', ')}; ${phi}`, () => {
      assertIs(lnMinuteFactor(5, canary(counts), stable(counts), phi), theta5);
      assertIs(lnMinuteFactor(150, canary(counts), stable(counts), phi), theta150);
      assertIs(addMinuteEvidence(noEvidence(4), canary(counts), stable(counts), phi).ln, lnE);
    });
  }
  test('on both sides of the switch at 2 phi', () => {
    const at = (k: number, m: number): number =>
      lnMinuteFactor(15, { failed: k, requests: 30 }, { failed: m, requests: 90 }, 3);
    assertIs(at(4, 2), 0.831298);
    assertIs(at(4, 3), 0.10122);
  });
});

describe('a sequence of minutes', () => {
  const times = (count: number, ...counts: Counts): Counts[] => Array.from({ length: count }, () => counts);
  const A = [...times(3, 0, 1, 6, 114), ...times(2, 1, 0, 7, 113), ...times(5, 0, 0, 5, 115)];
  const B = times(10, 1, 19, 30, 570);
  const cases: [string, phi: number | null, minutesOfSteps: Counts[][], lnE: number, steps?: number][] = [
    ['step 1, twice', 10, [times(2, 1, 0, 6, 114)], 4.541696],
    ['step 1, three times', 10, [times(3, 1, 0, 6, 114)], 7.251949],
    ['step 1, four times', 10, [times(4, 1, 0, 6, 114)], 10.019882],
    ['the only step', 10, [times(3, 1, 0, 6, 114)], 7.539454, 1],
    ['step 2 alone, 5 times', 10, [[], times(5, 1, 0, 30, 90)], 5.910492],
    ['step 2 alone, 6 times', 10, [[], times(6, 1, 0, 30, 90)], 7.215033],
    ['step 3 alone, 10 times', 10, [[], [], times(10, 1, 0, 60, 60)], 6.135108],
    ['step 3 alone, 11 times', 10, [[], [], times(11, 1, 0, 60, 60)], 6.791833],
    ['step 4 alone', 10, [[], [], [], times(4, 1, 0, 120, 720)], 6.760447],
    ['A', 2.5, [A], 1.587993],
    [
      'A, then step 2',
      2.5,
      [
        A,
        [
          [2, 1, 30, 90],
          [0, 0, 28, 92],
          [3, 0, 33, 87],
        ],
      ],
      3.353951,
    ],
    ['B', 1, [B], -1.351381],
    ['B, then step 2', 1, [B, times(2, 20, 5, 150, 450)], 29.059507],
    ['slow minutes, 4', null, [times(4, 8, 12, 30, 570)], 6.438652],
    ['slow minutes, 5', null, [times(5, 8, 12, 30, 570)], 8.324682],
  ];
  for (const [name, phi, minutesOfSteps, lnE, steps = 4] of cases) {
    test(name, () => {
      let evidence: SignalEvidence = noEvidence(steps);
      for (const [step, minutes] of minutesOfSteps.entries()) {
        if (step > 0) evidence = beginNextStep(evidence);
        for (const counts of minutes)
          evidence = addMinuteEvidence(evidence, canary(counts), stable(counts), phi);
      }
      assertIs(evidence.ln, lnE);
    });
  }
});

describe('bounds of a rate', () => {
  const upper: [number, number, number][] = [
    [0, 25, 0.112928],
    [0, 60, 0.048703],
    [0, 100, 0.029513],
    [1, 100, 0.04656],
    [0, 299, 0.009969],
    [3, 600, 0.012872],
  ];
  for (const [failed, requests, expected] of upper)
    test(`${failed}/${requests}, from above`, () => assertIs(upperRateBound({ failed, requests }), expected));
  const lower: [number, number, number, number][] = [
    [3, 100, 1, 0.008226],
    [8, 300, 1, 0.013337],
    [24, 1200, 2.4, 0.01089],
    [12, 600, 10, 0.001554],
  ];
  for (const [failed, requests, phi, expected] of lower)
    test(`${failed}/${requests}; ${phi}, from below`, () =>
      assertIs(lowerRateBound({ failed, requests }, phi), expected));
});

describe('what counts as slow', () => {
  const quick = { boundsMs: [10, 20, 40], counts: [80, 30, 4, 0] };
  const limits = { maxP95IncreasePercent: 20, p95FloorMs: 25 };
  test('lies above the last bound, or without a floor on it', () => {
    assertIs(p95(quick) ?? Number.NaN, 19.433333);
    assert.equal(latencyThreshold(quick, limits), undefined);
    assert.equal(latencyThreshold(quick, { ...limits, p95FloorMs: 0 })?.ms, 40);
  });
  test('is the first bound that is 20 % above p95', () => {
    const histogram = { boundsMs: [100, 200, 400, 800], counts: [700, 200, 80, 15, 5] };
    assert.deepEqual(latencyThreshold(histogram, limits), { ms: 400, p95Ms: 325 });
  });
});
