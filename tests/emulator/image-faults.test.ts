import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ImageFaults } from '@deploy/emulator';
import { cloudWith, IMAGES, SERVICE } from '../support/cloud.ts';
import { ask, entries, entriesOnce, REQUESTS, timeSeries } from '../support/observed.ts';

const AT_ONCE = { logs: { delayMs: 0, readsPerMinute: 10_000 } };
const cloudOf = (faults: ImageFaults, more = {}) =>
  cloudWith({ ...AT_ONCE, imageFaults: { [`${IMAGES}:one`]: faults }, ...more });

describe('an image with faults', () => {
  test('answers exactly its share of errors', async () => {
    await using cloud = await cloudOf({ errorPercent: 5 });
    const statuses = await ask(cloud.service(SERVICE).uri, 100);
    assert.equal(statuses.filter((status) => status === 500).length, 5);
  });

  test('has them in clumps', async () => {
    await using cloud = await cloudOf({ errorPercent: 10, errorClump: 5 });
    const statuses = await ask(cloud.service(SERVICE).uri, 100);
    assert.deepEqual(
      statuses
        .map((status) => (status === 500 ? 'x' : '.'))
        .join('')
        .match(/x+/g),
      ['xxxxx', 'xxxxx'],
    );
  });

  test('fails sign-ins and nothing else', async () => {
    await using cloud = await cloudOf(
      { failingSignInPercent: 100, failingSignInStatus: 503 },
      { services: [{ name: SERVICE, image: `${IMAGES}:one`, env: { OA_AUTH_PROVIDER_MODE: 'mock' } }] },
    );
    const { uri } = cloud.service(SERVICE);
    assert.deepEqual(await ask(uri, 3), [200, 200, 200]);
    const post = (path: string, body: object): Promise<Response> =>
      fetch(`${uri}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const sent = (await (await post('/api/auth/email', { email: 'a@b.c' })).json()) as {
      challengeId: string;
    };
    assert.equal(
      (await post('/api/auth/verify', { code: '123456', challenge_id: sent.challengeId })).status,
      503,
    );
    await entriesOnce(cloud, 'jsonPayload.event_name="auth.challenge.requested"', 1);
    const signedIn = await entries(cloud, 'jsonPayload.event_name="auth.verify.completed"');
    assert.deepEqual(signedIn, [], 'the log tells of no sign-in');
  });

  test('without an instance answers 429 from the platform, which is logged and not counted', async () => {
    await using cloud = await cloudOf(
      { noInstancePercent: 50 },
      // The clock waits for looks, so that no request is too old for them.
      { clockSpeed: 300, clockWaitsAfterMs: 120_000, monitoring: { delayMs: 0 } },
    );
    const statuses = await ask(cloud.service(SERVICE).uri, 10);
    assert.equal(statuses.filter((status) => status === 429).length, 5);
    const refused = await entriesOnce(cloud, `${REQUESTS} httpRequest.status=429`, 5);
    assert.match(refused[0]?.textPayload ?? '', /no available instance/);
    const counted = async (): Promise<[string | undefined, number][]> =>
      (await timeSeries(cloud, 'request_count')).series.map(({ metric, points = [] }) => [
        metric.labels.response_code,
        points.reduce((sum, { value }) => sum + Number(value.int64Value), 0),
      ]);
    let counts = await counted();
    while ((counts[0]?.[1] ?? 0) < 5) counts = await counted();
    assert.deepEqual(counts, [['200', 5]]);
  });

  test('is slower by its factor, in the time of the emulator', async () => {
    await using cloud = await cloudOf(
      { latencyMs: 2000, latencySpread: 0, latencyFactor: 2 },
      { clockSpeed: 50 },
    );
    await ask(cloud.service(SERVICE).uri, 1);
    const [entry] = await entriesOnce(cloud, REQUESTS, 1);
    // To the letter, so that a busy machine does not make a candidate slow.
    assert.equal(Number.parseFloat(String(entry?.httpRequest?.latency)), 4);
  });
});
