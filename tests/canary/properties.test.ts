import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  betaCdf,
  betaQuantile,
  binomialCdf,
  lnMinuteFactor,
  lowerRateBound,
  RATE_RATIOS,
  upperRateBound,
} from '@deploy/canary/statistics';
import { addMinute, beginPromotion, judge, type Minute, type Promotion } from '@deploy/canary/verdict';
import fc from 'fast-check';
import { defaultLimits } from '../support/limits.ts';

/** ln of n over k, by sums of logarithms. */
function lnChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log(n - k + i) - Math.log(i);
  return sum;
}

/** The mean of a minute's factor when x of the n + r requests fail, whichever they are: k is hypergeometric. */
function meanFactor(theta: number, x: number, n: number, r: number, phi: number): number {
  let mean = 0;
  for (let k = Math.max(0, x - r); k <= Math.min(x, n); k++) {
    const lnChance = lnChoose(n, k) + lnChoose(r, x - k) - lnChoose(n + r, x);
    const factor = lnMinuteFactor(theta, { failed: k, requests: n }, { failed: x - k, requests: r }, phi);
    mean += Math.exp(lnChance + factor);
  }
  return mean;
}

/** The same when each failure is the candidate's with odds `odds` times what its share gives (with replacement). */
function meanFactorAtOdds(theta: number, x: number, n: number, r: number, phi: number, odds: number): number {
  const p = (odds * n) / (odds * n + r);
  let mean = 0;
  for (let k = 0; k <= x; k++) {
    const lnChance = lnChoose(x, k) + k * Math.log(p) + (x - k) * Math.log1p(-p);
    const factor = lnMinuteFactor(theta, { failed: k, requests: n }, { failed: x - k, requests: r }, phi);
    mean += Math.exp(lnChance + factor);
  }
  return mean;
}

const phis = [1, 1.5, 2.9, 10, 91.8, Number.POSITIVE_INFINITY];

describe("a minute's factor", () => {
  test('has a mean of at most 1 when both fail alike, at any share and clump divisor', () => {
    let largest = 0;
    for (const theta of RATE_RATIOS) {
      for (const phi of phis) {
        for (const n of [1, 2, 6, 30, 60]) {
          for (const r of [1, 6, 60, 114]) {
            for (let x = 1; x <= Math.min(12, n + r); x++)
              largest = Math.max(largest, meanFactor(theta, x, n, r, phi));
          }
        }
      }
    }
    assert.ok(largest <= 1 + 1e-9, String(largest));
    assert.ok(largest > 1 - 1e-9, 'the bound is reached');
  });

  test('has a mean of 1 exactly while a minute is one piece of evidence', () => {
    for (const theta of RATE_RATIOS)
      for (let x = 1; x <= 12; x++)
        assert.ok(Math.abs(meanFactor(theta, x, 30, 90, Number.POSITIVE_INFINITY) - 1) < 1e-9);
  });

  test('has a lower mean for a better candidate', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...RATE_RATIOS),
        fc.constantFrom(...phis),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0.01, max: 0.95, noNaN: true }),
        (theta, phi, x, n, r, odds) => {
          const better = meanFactorAtOdds(theta, x, n, r, phi, odds);
          assert.ok(better < meanFactorAtOdds(theta, x, n, r, phi, 1) + 1e-12);
          assert.ok(better <= 1 + 1e-9);
        },
      ),
    );
  });

  test("grows with the candidate's failures among as many, and falls with its share of the requests", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...RATE_RATIOS),
        fc.constantFrom(...phis),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 51, max: 1000 }),
        fc.integer({ min: 51, max: 1000 }),
        (theta, phi, x, n, r) => {
          const at = (k: number, requests: number): number =>
            lnMinuteFactor(theta, { failed: k, requests }, { failed: x - k, requests: r }, phi);
          for (let k = 0; k < x; k++) assert.ok(at(k + 1, n) > at(k, n));
          assert.ok(at(x, n + 1) < at(x, n));
        },
      ),
    );
  });

  test('does not always grow with one more failure of the candidate, where that makes the minute a clump', () => {
    // What holds and what does not: more failures of the candidate *instead* of stable's always weigh more; one more
    // failure on top need not, since a minute above 2 phi is counted in another way.
    const at = (k: number): number =>
      lnMinuteFactor(15, { failed: k, requests: 30 }, { failed: 6, requests: 90 }, 3);
    assert.ok(at(1) < at(0));
  });
});

const plan = { steps: [5, 25, 50, 100], windowMinutes: 10, limits: defaultLimits, affinity: true };

const observation = (failing: fc.Arbitrary<number>) =>
  fc.record({ requests: fc.integer({ min: 20, max: 500 }), errors: failing }).chain(({ requests, errors }) =>
    fc.record({
      requests: fc.constant(requests),
      errors: fc.constant(errors),
      signIn: fc.record({ requests: fc.constant(20), failures: fc.integer({ min: 0, max: 3 }) }),
      latency: fc
        .tuple(fc.nat(50), fc.nat(20), fc.nat(5), fc.nat(2))
        .map((counts) => ({ boundsMs: [50, 100, 200], counts })),
    }),
  );

const minutes = fc.array(
  fc.record({
    stable: observation(fc.integer({ min: 0, max: 4 })),
    canary: observation(fc.integer({ min: 0, max: 8 })),
  }),
  { minLength: 4, maxLength: 40 },
);

/** Spreads minutes evenly over the steps. */
function walk(sides: readonly Omit<Minute, 'step'>[]): Minute[] {
  return sides.map((side, i) => ({ ...side, step: plan.steps[Math.floor((i * 4) / sides.length)] ?? 100 }));
}

const begin = (): Promotion => beginPromotion(plan, []);

describe('a promotion', () => {
  test('does not depend on how often the minute that is running was looked at', () => {
    fc.assert(
      fc.property(minutes, fc.nat(4), (sides, looks) => {
        let watched = begin();
        for (const minute of walk(sides)) {
          for (let look = 1; look <= looks; look++) {
            const { requests, errors } = minute.canary;
            const running = {
              requests: Math.floor((requests * look) / (looks + 1)),
              errors: Math.floor((errors * look) / (looks + 1)),
            };
            judge(addMinute(watched, { ...minute, canary: running }), { isWindowOver: false });
          }
          watched = addMinute(watched, minute);
        }
        assert.deepEqual(watched, walk(sides).reduce(addMinute, begin()));
      }),
      { numRuns: 30 },
    );
  });

  test('is the same after it was written down and read back', () => {
    fc.assert(
      fc.property(minutes, (sides) => {
        const walked = walk(sides);
        const straight = walked.reduce(addMinute, begin());
        const resumed = walked.reduce<Promotion>(
          (promotion, minute) => JSON.parse(JSON.stringify(addMinute(promotion, minute))),
          begin(),
        );
        assert.deepEqual(judge(resumed), judge(straight));
      }),
      { numRuns: 30 },
    );
  });

  test('a minute without failures leaves the evidence as it is', () => {
    fc.assert(
      fc.property(minutes, fc.nat(10_000), fc.nat(10_000), (sides, n, r) => {
        const before = walk(sides).reduce(addMinute, begin());
        const quiet = { step: 100, stable: { requests: r, errors: 0 }, canary: { requests: n, errors: 0 } };
        const after = addMinute({ ...before, errors: { ...before.errors, pairs: [] } }, quiet);
        assert.deepEqual(after.errors.evidence.sums, before.errors.evidence.sums);
        assert.equal(after.errors.evidence.ln, before.errors.evidence.ln);
      }),
      { numRuns: 30 },
    );
  });

  test('the beginning of a step leaves the evidence as it is', () => {
    fc.assert(
      fc.property(minutes, (sides) => {
        const before = sides.map((side) => ({ ...side, step: 5 })).reduce(addMinute, begin());
        const quiet = { requests: 10, errors: 0 };
        const after = addMinute(before, { step: 25, stable: quiet, canary: quiet });
        assert.ok(Math.abs(after.errors.evidence.ln - before.errors.evidence.ln) < 1e-9);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the bounds of a rate', () => {
  test('are quantiles to 1e-8: the distribution function leads back', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.02, max: 50_000, noNaN: true }),
        fc.double({ min: 0.5, max: 500_000, noNaN: true }),
        fc.constantFrom(0.05, 0.5, 0.95),
        (a, b, p) => {
          const x = betaQuantile(p, a, b);
          // So far out that the distance of two numbers is more than 1e-8 of probability, it has to be next to it.
          const [low, high] = [betaCdf(x * (1 - 1e-8) - 1e-12, a, b), betaCdf(x * (1 + 1e-8) + 1e-12, a, b)];
          assert.ok(low <= p + 1e-8 && p <= high + 1e-8, `${x}: ${low} ${high}`);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('fit the binomial distribution, added up term by term', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.nat(200),
        fc.double({ min: 0.001, max: 0.9, noNaN: true }),
        (n, some, p) => {
          const k = some % n;
          let sum = 0;
          for (let i = 0; i <= k; i++)
            sum += Math.exp(lnChoose(n, i) + i * Math.log(p) + (n - i) * Math.log1p(-p));
          assert.ok(Math.abs(binomialCdf(k, n, p) - sum) < 1e-8);
        },
      ),
    );
  });

  test('enclose what was seen', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000_000 }),
        fc.nat(),
        fc.double({ min: 1, max: 50, noNaN: true }),
        (requests, some, phi) => {
          const tally = { failed: some % (requests + 1), requests };
          const rate = tally.failed / requests;
          assert.ok(lowerRateBound(tally, phi) <= rate + 1e-12);
          assert.ok(upperRateBound(tally) >= rate - 1e-12);
        },
      ),
    );
  });
});
