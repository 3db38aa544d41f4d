import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSlowLanes } from '../support/matrix-lanes.ts';

test('slow lanes take no longer together than the slowest of them', async () => {
  const { durationMs, lanes } = await runSlowLanes();
  assert.ok(lanes.builds >= 9000 && lanes.requests >= 7000 && lanes.logs >= 8000, JSON.stringify(lanes));
  const slowest = Math.max(...Object.values(lanes));
  assert.ok(durationMs <= slowest * 1.15, `${durationMs} ms in all, the lanes ${JSON.stringify(lanes)}`);
});
