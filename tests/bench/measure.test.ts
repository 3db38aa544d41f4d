import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compare, compareEach, isClear } from './measure.ts';

/** Takes these times, one after another. */
function taking(times: readonly number[]): (() => Promise<number>) & { calls(): number } {
  let calls = 0;
  const time = async (): Promise<number> => times[Math.min(calls++, times.length - 1)] ?? 0;
  return Object.assign(time, { calls: () => calls });
}

describe('pairs are clear about a limit', () => {
  const rows: [ratios: number[], limit: number, clear: boolean][] = [
    [[0.2, 0.21, 0.22], 0.6, true],
    [[0.2, 0.21], 0.6, false],
    [[2.2, 2.3, 2.4], 1.4, true],
    [[0.5, 0.51, 0.7], 0.6, false],
    [[0.3, 0.45, 0.5], 0.6, false],
    [[0.59, 0.59, 0.59], 0.6, true],
  ];
  for (const [ratios, limit, clear] of rows) {
    test(`${ratios.join(', ')} about ${limit}: ${clear ? 'yes' : 'no'}`, () => {
      assert.equal(isClear(ratios, limit), clear);
    });
  }
});

test('a comparison stops after three clear pairs, and the first time does not count', async () => {
  const [ours, theirs] = [taking([900, 20, 22, 21]), taking([100])];
  const { oursMs, theirsMs, ratio } = await compare({ time: ours, atMost: 0.6 }, theirs, 7);
  assert.deepEqual({ oursMs, theirsMs, ratio }, { oursMs: 21, theirsMs: 100, ratio: 0.21 });
  assert.deepEqual([ours.calls(), theirs.calls()], [4, 4]);
});

test('a comparison near its limit takes all pairs', async () => {
  const [ours, theirs] = [taking([50, 55, 65, 60, 58]), taking([100])];
  const { ratio } = await compare({ time: ours, atMost: 0.6 }, theirs, 5);
  assert.equal(ratio, 0.58);
  assert.deepEqual([ours.calls(), theirs.calls()], [6, 6]);
});

test('the other side runs once for all that are compared with it, until all are clear', async () => {
  const [clear, close, theirs] = [taking([20]), taking([1, 50, 70, 61, 59, 62]), taking([100])];
  const { one, two } = await compareEach(
    { one: { time: clear, atMost: 0.6 }, two: { time: close, atMost: 0.6 } },
    theirs,
    5,
  );
  assert.deepEqual([one.ratio, two.ratio], [0.2, 0.61]);
  assert.deepEqual([clear.calls(), close.calls(), theirs.calls()], [6, 6, 6]);
});
