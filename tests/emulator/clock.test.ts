import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Emulator } from '@deploy/emulator';
import { apiOf, cloudWith, IMAGES, SERVICE } from '../support/cloud.ts';
import { ask, entries, REQUESTS, timeSeries } from '../support/observed.ts';

const WAITS_AFTER_MS = 60_000;
const WAITING = { clockSpeed: 2000, clockWaitsAfterMs: WAITS_AFTER_MS };

/** The time at which the clock stands still. */
async function stillness({ clock }: Emulator): Promise<number> {
  for (let before = clock.now(); ; before = clock.now()) {
    await pause(50);
    if (clock.now() === before) return before;
  }
}

describe('a clock that waits', { concurrency: 2 }, () => {
  const looks: [name: string, look: (cloud: Emulator) => Promise<unknown>][] = [
    ['a read of logs', (cloud) => entries(cloud, REQUESTS)],
    ['a read of metrics', (cloud) => timeSeries(cloud, 'request_count')],
  ];
  for (const [name, look] of looks) {
    test(`stands still in the end, and runs on for as long with ${name}`, async () => {
      await using cloud = await cloudWith(WAITING);
      const stood = await stillness(cloud);
      let isOver = false;
      const slept = cloud.clock.sleep(1).then(() => {
        isOver = true;
      });
      await apiOf(cloud).then((api) => api.read());
      assert.equal(await stillness(cloud), stood);
      assert.equal(isOver, false);
      await look(cloud);
      await slept;
      assert.ok((await stillness(cloud)) >= stood + WAITS_AFTER_MS);
    });
  }

  test('lets slow requests end that came while it stood', async () => {
    await using cloud = await cloudWith({
      ...WAITING,
      imageFaults: { [`${IMAGES}:one`]: { latencyMs: 90_000 } },
    });
    await stillness(cloud);
    assert.deepEqual(await ask(cloud.service(SERVICE).uri, 1), [200]);
  });

  test('is not kept running by the load', async () => {
    await using cloud = await cloudWith(WAITING);
    const load = cloud.load(SERVICE, { perMinute: 600, signsIn: false });
    await entries(cloud, REQUESTS);
    const stood = await stillness(cloud);
    while (Object.keys(load.statuses()).length === 0) await pause(20);
    assert.equal(await stillness(cloud), stood);
  });

  test('lets go of whoever sleeps by it when the signal comes', async () => {
    await using cloud = await cloudWith(WAITING);
    await stillness(cloud);
    const stopping = new AbortController();
    const slept = cloud.clock.sleep(1, stopping.signal);
    stopping.abort();
    await slept;
    await cloud.clock.sleep(1, stopping.signal);
  });
});
