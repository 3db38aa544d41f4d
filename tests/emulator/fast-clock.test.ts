import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEmulator } from '@deploy/emulator';

/** Keeps this process from anything else for a while, as a busy machine does. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('a fast clock stands nearly still while its process does not get to run', async () => {
  await using cloud = await startEmulator({ clockSpeed: 40 });
  const { clock } = cloud;
  await clock.sleep(1000);
  const before = clock.now();
  block(1500);
  const passed = clock.now() - before;
  assert.ok(passed <= 1000 + 1, `${passed} ms of 60,000 passed`);
  assert.equal(clock.now() - before, passed);
});

test('a sleep of a fast clock is as long as its own time says, whatever came in between', async () => {
  await using cloud = await startEmulator({ clockSpeed: 40 });
  const { clock } = cloud;
  const before = clock.now();
  const slept = clock.sleep(4000);
  block(300);
  await slept;
  assert.ok(clock.now() - before >= 4000);
});

test('a clock at real speed never lags behind', async () => {
  await using cloud = await startEmulator();
  const { clock } = cloud;
  const before = clock.now();
  block(200);
  assert.ok(clock.now() - before >= 200);
});
