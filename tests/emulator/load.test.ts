import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parseRate } from '@deploy/emulator';
import { cloudWith, IMAGES, SERVICE } from '../support/cloud.ts';
import { entries, entriesOnce, REQUESTS } from '../support/observed.ts';

const AT_ONCE = { logs: { delayMs: 0, readsPerMinute: 10_000 } };
const env = { OA_AUTH_PROVIDER_MODE: 'mock', OA_SYNC_TOKEN_SIGNING_KEY: 'key' };
const services = [{ name: SERVICE, image: `${IMAGES}:one`, env }];

test('people sign in, open pages, mint tokens and sign out, all of it well', async () => {
  await using cloud = await cloudWith({ ...AT_ONCE, services, clockSpeed: 60 });
  const load = cloud.load(SERVICE, { perMinute: 120 });
  for (const event of [
    'auth.verify.completed',
    'sync.token.issued',
    'route.split.decision',
    'auth.logout.completed',
  ]) {
    await entriesOnce(cloud, `jsonPayload.message="audit_event" jsonPayload.event_name="${event}"`, 1);
  }
  await load.stop();
  assert.deepEqual(Object.keys(load.statuses()), ['200']);
});

test('the rate is that of the emulator’s clock, and all of it is in the log', async () => {
  await using cloud = await cloudWith({ ...AT_ONCE, services, clockSpeed: 60 });
  const load = cloud.load(SERVICE, { perMinute: 600 });
  const startedAt = cloud.clock.now();
  while (cloud.clock.now() < startedAt + 180_000) await pause(50);
  const minutes = (cloud.clock.now() - startedAt) / 60_000;
  await load.stop();
  const made = Object.values(load.statuses()).reduce((sum, count) => sum + count, 0);
  const wanted = 600 * minutes;
  // Arrivals are random: five standard deviations to either side.
  assert.ok(Math.abs(made + load.missed() - wanted) < 5 * Math.sqrt(wanted) + 10, `${made} of ${wanted}`);
  await entriesOnce(cloud, `${REQUESTS} httpRequest.userAgent="load-generator"`, Math.min(made, 1000));
});

test('where signing in fails, people still open pages', async () => {
  await using cloud = await cloudWith({
    ...AT_ONCE,
    services,
    clockSpeed: 60,
    imageFaults: { [`${IMAGES}:one`]: { failingSignInPercent: 100 } },
  });
  cloud.load(SERVICE, { perMinute: 120 });
  await entriesOnce(cloud, `${REQUESTS} httpRequest.requestUrl:"/api/auth/verify" httpRequest.status=422`, 1);
  await entriesOnce(cloud, `${REQUESTS} httpRequest.requestUrl:"/l402/paywalls"`, 1);
  assert.deepEqual(await entries(cloud, `${REQUESTS} httpRequest.requestUrl:"/api/sync/token"`), []);
});

describe('rates', () => {
  const rows: [string, number | undefined][] = [
    ['120/min', 120],
    ['5/s', 300],
    ['90/hour', 1.5],
    ['0/min', undefined],
    ['120', undefined],
    ['fast', undefined],
    ['-3/min', undefined],
  ];
  for (const [text, perMinute] of rows) {
    test(`${text}: ${perMinute}`, () => assert.equal(parseRate(text), perMinute));
  }
});
