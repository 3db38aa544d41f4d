import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type ObservedMinute, openObservationSource, type SourceRequest } from '@deploy/canary/cloud';
import { type Connection, connectTo } from '@deploy/cloudrun';
import type { Emulator, EmulatorOptions, Trigger } from '@deploy/emulator';
import { smokeUserAgent } from '@deploy/smoke/checks';
import { cloudWith, IMAGES, LOCATION, revisionNames, SERVICE } from '../support/cloud.ts';
import { ask } from '../support/observed.ts';

const MINUTE_MS = 60_000;

/** A local Cloud Run whose two revisions share the traffic, and whose clock runs a minute a second. */
function splitCloud(options: EmulatorOptions = {}): Promise<Emulator> {
  return cloudWith({
    clockSpeed: 60,
    logs: { delayMs: 1000 },
    monitoring: { delayMs: MINUTE_MS },
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:one`,
        laterImages: [`${IMAGES}:two`],
        traffic: [
          { revision: 1, percent: 50 },
          { revision: 2, percent: 50 },
        ],
      },
    ],
    ...options,
  });
}

function connection(cloud: Emulator): Connection {
  return connectTo({ emulatorHost: cloud.host, accessToken: undefined, credentialsFile: undefined }, {});
}

function open(cloud: Emulator, request: Partial<SourceRequest> = {}) {
  const [stable = '', canary = ''] = revisionNames(cloud);
  return openObservationSource(connection(cloud), LOCATION, {
    source: 'auto',
    habit: { polls: 4, minutesAtOnce: 2 },
    patience: 'a poll',
    ...{ stable, canary, ...request },
  });
}

const refused = (path: RegExp, httpStatus: number, status: string): Trigger => ({
  match: { path },
  fault: { kind: 'error', httpStatus, status, message: `made to fail: ${status}` },
  times: 1000,
});
const LOGS = /^\/v2\/entries:list$/;
const METRICS = /^\/v3\/projects\/[^/]+\/(?:timeSeries|metricDescriptors\/.*)$/;

/** Waits until the emulator's clock is there. */
async function until(cloud: Emulator, timeMs: number): Promise<void> {
  while (cloud.clock.now() < timeMs) await pause(20);
}

function total(minutes: readonly ObservedMinute[], pick: (minute: ObservedMinute) => number): number {
  return minutes.reduce((sum, minute) => sum + pick(minute), 0);
}

test('both sources, opened as scripts do, give the same requests; metrics alone count our own', async () => {
  await using cloud = await splitCloud();
  const from = new Date(Math.floor(cloud.clock.now() / MINUTE_MS) * MINUTE_MS);
  const { uri } = cloud.service(SERVICE);
  await ask(uri, 40, '/login');
  for (let i = 0; i < 2; i += 1) {
    const answer = await fetch(`${uri}/readyz`, {
      headers: { 'user-agent': smokeUserAgent('smoke-health') },
    });
    await answer.arrayBuffer();
  }
  // By the emulator's clock a request of a few milliseconds takes part of a second; all of them end within this minute.
  const to = new Date((Math.floor(cloud.clock.now() / MINUTE_MS) + 2) * MINUTE_MS);
  await until(cloud, to.getTime() + 2 * MINUTE_MS);

  const [stable = '', canary = ''] = revisionNames(cloud);
  const readings = await Promise.all(
    (['logs', 'monitoring'] as const).map(async (source) => {
      const opened = await open(cloud, { source });
      assert.equal(opened.unreadable, undefined);
      assert.ok(Math.abs(opened.now().getTime() - cloud.clock.now()) < MINUTE_MS / 2, 'another clock');
      const reading = await opened.read({ stable, canary, from, to });
      assert.ok(reading.state === 'read', JSON.stringify(reading));
      assert.deepEqual(reading.open, []);
      return { ...opened, closed: reading.closed };
    }),
  );
  const [logs, metrics] = readings;
  assert.ok(logs && metrics);
  assert.match(logs.why, /^asked for$/);
  assert.match(metrics.why, /^asked for; metrics are complete after 60 s$/);
  assert.equal(logs.closed.length, metrics.closed.length);
  const requests = (minute: ObservedMinute) => minute.stable.requests + minute.canary.requests;
  assert.equal(total(logs.closed, requests), 40);
  assert.equal(total(metrics.closed, requests), 42);
  assert.ok(total(logs.closed, ({ canary: { pages = 0 } }) => pages) > 0);

  const history = await Promise.all(
    readings.map((source) => source.readHistory({ revision: stable, before: to })),
  );
  for (const [i, read] of history.entries()) {
    assert.ok(read.state === 'read', JSON.stringify(read));
    assert.ok(read.minutes.every((minute) => minute.requests > 0));
    assert.equal(
      read.minutes.reduce((sum, minute) => sum + minute.requests, 0),
      total(readings[i]?.closed ?? [], (minute) => minute.stable.requests),
    );
  }
  const chosen = await open(cloud);
  assert.equal(chosen.name, 'logs');
  assert.match(chosen.why, /requests a minute need about 4 of the project's 60 log reads/);
});

test('metrics of a minute that is not old enough are not looked at, logs of an open one are', async () => {
  await using cloud = await splitCloud({ monitoring: { delayMs: 10 * MINUTE_MS } });
  const from = new Date(Math.floor(cloud.clock.now() / MINUTE_MS) * MINUTE_MS);
  await ask(cloud.service(SERVICE).uri, 4);
  const [stable = '', canary = ''] = revisionNames(cloud);
  const query = { stable, canary, from, to: new Date(from.getTime() + 60 * MINUTE_MS) };
  const [logs, metrics] = await Promise.all([
    open(cloud, { source: 'logs' }),
    open(cloud, { source: 'monitoring' }),
  ]);
  assert.equal(metrics.delayMs, 10 * MINUTE_MS);
  const young = await metrics.read(query);
  assert.deepEqual(young, { state: 'read', closed: [], open: [] });
  const read = await logs.read(query);
  assert.ok(read.state === 'read' && read.open.length > 0);
});

test('logs that were read up to a moment long past, as after this machine has slept, lack nothing at the next read', async () => {
  await using cloud = await splitCloud();
  const opened = await open(cloud, { source: 'logs' });
  const [stable = '', canary = ''] = revisionNames(cloud);
  const fellAsleep = Math.floor(cloud.clock.now() / MINUTE_MS) * MINUTE_MS;
  await ask(cloud.service(SERVICE).uri, 6);
  const over = Math.ceil(cloud.clock.now() / MINUTE_MS + 1) * MINUTE_MS;
  await until(cloud, over + 5 * MINUTE_MS);
  const read = (from: number, to: number) =>
    opened.read({ stable, canary, from: new Date(from), to: new Date(to) });
  const stale = await read(fellAsleep - MINUTE_MS, fellAsleep);
  assert.ok(stale.state === 'read', JSON.stringify(stale));
  const reading = await read(fellAsleep, over);
  assert.ok(reading.state === 'read', JSON.stringify(reading));
  assert.equal(
    total(reading.closed, (minute) => minute.stable.requests + minute.canary.requests),
    6,
  );
});

test('a descriptor that does not tell the delay: 180 s, and that is said', async () => {
  await using cloud = await splitCloud({ monitoring: { ingestDelay: false } });
  const source = await open(cloud, { source: 'monitoring' });
  assert.equal(source.delayMs, 180_000);
  assert.match(source.why, /180 s, an assumption because the platform does not say/);
});

describe('auto', () => {
  test('reads metrics where the logs cannot be read, and says so', async () => {
    await using cloud = await splitCloud();
    cloud.on(refused(LOGS, 403, 'PERMISSION_DENIED'));
    const source = await open(cloud);
    assert.equal(source.name, 'monitoring');
    assert.match(source.why, /the request logs cannot be read \(.*no permission/);
    assert.equal(source.unreadable, undefined);
  });

  test('reads logs where the metrics cannot be read, and says so', async () => {
    await using cloud = await splitCloud();
    cloud.on(refused(METRICS, 403, 'PERMISSION_DENIED'));
    const source = await open(cloud);
    assert.equal(source.name, 'logs');
    assert.match(source.why, /the number of requests is unknown \(.*no permission/);
    assert.equal(source.unreadable, undefined);
  });

  test('says that it can read neither', async () => {
    await using cloud = await splitCloud();
    cloud.on(refused(METRICS, 403, 'PERMISSION_DENIED'));
    cloud.on(refused(LOGS, 403, 'PERMISSION_DENIED'));
    assert.equal((await open(cloud)).unreadable?.kind, 'forbidden');
  });

  test('reads metrics where an exclusion filter drops the request logs', async () => {
    // As late as never.
    await using cloud = await splitCloud({ logs: { delayMs: 1000 * MINUTE_MS } });
    await ask(cloud.service(SERVICE).uri, 12);
    await until(cloud, cloud.clock.now() + 5 * MINUTE_MS);
    const source = await open(cloud);
    assert.equal(source.name, 'monitoring');
    assert.match(source.why, /the metrics have 12 requests and the request logs none/);
  });
});

test('auto reads metrics where an exclusion filter keeps only the requests that failed', async () => {
  await using cloud = await splitCloud({ clockSpeed: 1, logs: { exclusions: ['httpRequest.status<400'] } });
  const [stable = '', canary = ''] = revisionNames(cloud);
  const recall = (count: number, status: number) =>
    cloud.recall(
      Array.from({ length: count }, (_, i) => ({
        ...{ service: SERVICE, revision: i % 2 === 0 ? stable : canary, status },
        startedAt: cloud.clock.now() - 5 * MINUTE_MS - i * 1000,
      })),
    );
  recall(40, 200);
  recall(8, 500);
  const source = await open(cloud);
  assert.equal(source.name, 'monitoring');
  assert.match(source.why, /the metrics have 48 requests and the request logs only 8: perhaps an exclusion/);
  // Where most requests failed anyway, the logs have most of them.
  recall(60, 500);
  assert.equal((await open(cloud)).name, 'logs');
});

describe('a source that cannot be read', () => {
  const minutes = (cloud: Emulator) => {
    const [stable = '', canary = ''] = revisionNames(cloud);
    const now = cloud.clock.now();
    return { stable, canary, from: new Date(now - 5 * MINUTE_MS), to: new Date(now) };
  };

  for (const [source, path] of [
    ['logs', LOGS],
    ['monitoring', METRICS],
  ] as const) {
    test(`says of ${source} that the login expired in the middle`, async () => {
      await using cloud = await splitCloud();
      const opened = await open(cloud, { source });
      cloud.on(refused(path, 401, 'UNAUTHENTICATED'));
      const reading = await opened.read(minutes(cloud));
      assert.ok(reading.state === 'unreadable');
      assert.equal(reading.kind, 'unauthenticated');
      assert.match(reading.why, /the login is missing or has expired/);
      assert.match(reading.hint ?? '', /gcloud auth login/);
      const history = await opened.readHistory({ revision: 'any', before: new Date() });
      assert.equal(history.state, 'unreadable');
    });
  }

  test('waits for log reads that people have used up, and reads once there are more', async () => {
    await using cloud = await splitCloud();
    const opened = await open(cloud, { source: 'logs' });
    cloud.on({ ...refused(LOGS, 429, 'RESOURCE_EXHAUSTED'), times: 2 });
    assert.equal((await opened.read(minutes(cloud))).state, 'read');
  });

  test('gives up when there are no more in time', async () => {
    await using cloud = await splitCloud();
    const opened = await open(cloud, { source: 'logs', patience: 'usual' });
    cloud.on(refused(LOGS, 429, 'RESOURCE_EXHAUSTED'));
    const reading = await opened.read(minutes(cloud));
    assert.ok(reading.state === 'unreadable');
    assert.equal(reading.kind, 'rate-limited');
    assert.match(reading.why, /reading the logs of control: too many requests/);
  });
});
