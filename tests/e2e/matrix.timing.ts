import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSlowLanes } from '../support/matrix-lanes.ts';
import { slowdown } from '../support/slowdown.ts';

test('slow lanes take no longer together than the slowest of them', async () => {
  const before = await slowdown();
  const { durationMs, lanes } = await runSlowLanes();
  assert.ok(lanes.builds >= 9000 && lanes.requests >= 7000 && lanes.logs >= 8000, JSON.stringify(lanes));
  const slowest = Math.max(...Object.values(lanes));
  // A second and a half for starting and for writing things down.
  const atMostMs = slowest + 1500 * Math.max(before, await slowdown());
  assert.ok(durationMs <= atMostMs, `${durationMs} ms in all, the lanes ${JSON.stringify(lanes)}`);
});
