import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cloudWith, IMAGES, PROJECT, revisionNames, SERVICE } from '../support/cloud.ts';
import { ask, entries, entriesOnce, REQUESTS } from '../support/observed.ts';

const AT_ONCE = { logs: { delayMs: 0, readsPerMinute: 10_000 } };
const MOCK = { OA_AUTH_PROVIDER_MODE: 'mock' };
const withMock = { services: [{ name: SERVICE, image: `${IMAGES}:one`, env: MOCK }] };

test('each routed request is an entry, with the revision that answered it', async () => {
  await using cloud = await cloudWith(AT_ONCE);
  const { uri } = cloud.service(SERVICE);
  await ask(uri, 1, '/login?a=1');
  await ask(uri, 1, '/api/none');
  const [page, missing] = await entriesOnce(cloud, REQUESTS, 2);
  assert.partialDeepStrictEqual(page, {
    severity: 'INFO',
    resource: {
      type: 'cloud_run_revision',
      labels: { service_name: SERVICE, revision_name: revisionNames(cloud)[0], location: 'us-central1' },
    },
    httpRequest: {
      requestMethod: 'GET',
      requestUrl: `${uri}/login?a=1`,
      status: 200,
      userAgent: 'a test',
      protocol: 'HTTP/1.1',
    },
  });
  assert.match(String(page?.httpRequest?.latency), /^\d+\.\d{9}s$/);
  assert.equal(missing?.severity, 'WARNING');
  assert.equal((await entries(cloud, `${REQUESTS} httpRequest.status>=400`)).length, 1);
  assert.equal((await entries(cloud, `${REQUESTS} httpRequest.latency>30s`)).length, 0);
  assert.equal((await entries(cloud, 'httpRequest.requestUrl=~"/login[?]a="')).length, 1);
});

test('what the stand-in logs has the shape that the collector makes of it: a level is no severity', async () => {
  await using cloud = await cloudWith({ ...AT_ONCE, ...withMock });
  await ask(cloud.service(SERVICE).uri, 1, '/login');
  const filter = 'jsonPayload.message="audit_event" AND jsonPayload.event_name="route.split.decision"';
  const [decision] = await entriesOnce(cloud, filter, 1);
  assert.equal(decision?.logName, `projects/${PROJECT}/logs/run.googleapis.com%2Fstdout`);
  assert.equal(decision?.severity, 'DEFAULT');
  assert.equal(decision?.jsonPayload?.level, 'INFO');
  assert.equal(decision?.resource.labels.revision_name, revisionNames(cloud)[0]);
  assert.equal((await entries(cloud, `${filter} severity>=INFO`)).length, 0);
});

test('an entry is there once the delay has passed, by the clock of the emulator', async () => {
  await using cloud = await cloudWith({
    clockSpeed: 600,
    logs: { delayMs: 300_000, readsPerMinute: 10_000 },
  });
  await ask(cloud.service(SERVICE).uri, 1);
  const askedAt = cloud.clock.now();
  const before = await entries(cloud, REQUESTS);
  // On a machine that stood still for half a second the delay may be over already.
  if (cloud.clock.now() - askedAt < 250_000) assert.equal(before.length, 0);
  const [entry] = await entriesOnce(cloud, REQUESTS, 1);
  assert.ok(entry);
  assert.ok(Date.parse(entry.receiveTimestamp) - Date.parse(entry.timestamp) >= 300_000);
});

test('the sixty-first read within a minute is refused, and the next minute starts anew', async () => {
  await using cloud = await cloudWith({ clockSpeed: 20, logs: { delayMs: 0 } });
  const minuteNow = (): number => Math.floor(cloud.clock.now() / 60_000);
  const nextMinute = async (): Promise<void> => {
    for (const before = minuteNow(); minuteNow() === before; ) await pause(20);
  };
  const read = async (): Promise<number> => {
    const answer = await fetch(`${cloud.url}/v2/entries:list`, {
      method: 'POST',
      body: JSON.stringify({ resourceNames: [`projects/${PROJECT}`] }),
    });
    const { error } = (await answer.json()) as { error?: { status: string } };
    if (error !== undefined) assert.equal(error.status, 'RESOURCE_EXHAUSTED');
    return answer.status;
  };
  let statuses: number[] = [];
  // All at once, from the beginning of a minute on, and again if the minute was over before they were.
  for (let begun = Number.NaN; begun !== minuteNow(); ) {
    await nextMinute();
    begun = minuteNow();
    statuses = await Promise.all(Array.from({ length: 61 }, read));
  }
  assert.deepEqual(statuses.toSorted(), [...Array(60).fill(200), 429]);
  await nextMinute();
  assert.equal(await read(), 200);
});
