import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { judgeLastWindow } from '@deploy/canary';
import {
  type ObservedMinute,
  observeMetrics,
  observeRequestLog,
  openObservationSource,
  type RawLogEntry,
  type SourceRequest,
} from '@deploy/canary/cloud';
import { connectTo } from '@deploy/cloudrun';
import { defaultLimits } from '../support/limits.ts';

const LOCATION = { project: 'openagentsgemini', region: 'europe-west1', service: 'control' };
const [stable, canary] = ['control-00001-abc', 'control-00002-def'];
const MINUTE_MS = 60_000;
/** A platform whose clock is days away from this machine's. */
const NOW = Date.parse('2031-03-01T12:00:30Z');
const FROM = new Date('2031-03-01T11:48:00Z');

type Answer = { entries?: RawLogEntry[]; nextPageToken?: string };
type Page = { filter: string; pageSize: number; pageToken?: string; orderBy: string };

/** Google's APIs, of which only Cloud Logging has something to say, at a time of its own. */
async function logging(answer: (page: Page) => Answer) {
  const asked: Page[] = [];
  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    response.setHeader('date', new Date(NOW).toUTCString());
    if (request.url?.startsWith('/v2/entries:list')) {
      const page = JSON.parse(body) as Page;
      asked.push(page);
      response.end(JSON.stringify(answer(page)));
    } else response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const emulatorHost = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    open: (more: Partial<SourceRequest> = {}) =>
      openObservationSource(
        connectTo({ emulatorHost, accessToken: undefined, credentialsFile: undefined }, {}),
        LOCATION,
        {
          source: 'logs',
          habit: { polls: 1, minutesAtOnce: 10 },
          patience: 'usual',
          ...{ stable, canary, ...more },
        },
      ),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

/** The i-th of the requests to both revisions, one in ten to the candidate, evenly over ten minutes. */
function request(i: number, count: number): RawLogEntry {
  return {
    insertId: `id-${i}`,
    logName: 'projects/openagentsgemini/logs/run.googleapis.com%2Frequests',
    timestamp: new Date(FROM.getTime() + (i * 10 * MINUTE_MS) / count).toISOString(),
    resource: { labels: { revision_name: i % 10 === 0 ? canary : stable } },
    httpRequest: {
      requestMethod: 'GET',
      requestUrl: 'https://x.run.app/login',
      status: 200,
      latency: '0.001s',
    },
  };
}

const query = { stable, canary, from: FROM, to: new Date(FROM.getTime() + 10 * MINUTE_MS) };
const requests = (minutes: readonly ObservedMinute[]): number[] => [
  minutes.reduce((sum, minute) => sum + minute.stable.requests, 0),
  minutes.reduce((sum, minute) => sum + minute.canary.requests, 0),
];

/** Serves these entries in pages, oldest or newest first. */
function inPages(entries: readonly RawLogEntry[]): (page: Page) => Answer {
  const newestFirst = entries.toReversed();
  return ({ pageSize, pageToken = '0', orderBy }) => {
    const at = Number(pageToken);
    const ordered = orderBy.endsWith('desc') ? newestFirst : entries;
    const next = at + pageSize;
    return {
      entries: ordered.slice(at, next),
      ...(next < entries.length && { nextPageToken: String(next) }),
    };
  };
}

/** What the two bounds of the filter let through, if every entry arrives as soon as its request has begun. */
function asked(entries: readonly RawLogEntry[], { filter }: Page): RawLogEntry[] {
  const [, since = ''] = /receiveTimestamp>="([^"]+)"/.exec(filter) ?? [];
  const [, to = ''] = /timestamp<"([^"]+)"/.exec(filter) ?? [];
  return entries.filter(({ timestamp = '' }) => timestamp >= since && timestamp < to);
}

describe('request logs as the platform may answer them', () => {
  test('by another clock than this machine has', async () => {
    await using cloud = await logging(inPages(Array.from({ length: 100 }, (_, i) => request(i, 100))));
    const source = await cloud.open();
    assert.ok(Math.abs(source.now().getTime() - NOW) < 30_000);
    const reading = await source.read(query);
    assert.ok(reading.state === 'read');
    assert.equal(reading.closed.length, 10);
    assert.deepEqual(requests(reading.closed), [90, 10]);
  });

  test('of the service in its region', async () => {
    await using cloud = await logging(() => ({}));
    const reading = await (await cloud.open()).read(query);
    assert.ok(reading.state === 'read');
    assert.deepEqual(requests(reading.closed), [0, 0]);
    for (const { filter } of cloud.asked) {
      assert.match(
        filter,
        /resource\.labels\.service_name="control" AND resource\.labels\.location="europe-west1"/,
      );
    }
  });

  test('out of order, twice, over pages of which some are empty', async () => {
    const entries = Array.from({ length: 3000 }, (_, i) => request((i * 7) % 3000, 3000));
    const pages = [entries.slice(0, 1000), [], entries.slice(500, 2000), [], entries.slice(2000), []];
    await using cloud = await logging(({ pageSize, pageToken = '0' }) => {
      const at = Number(pageToken);
      if (pageSize === 1) return {};
      return {
        ...(pages[at]?.length && { entries: pages[at] }),
        ...(at + 1 < pages.length && { nextPageToken: String(at + 1) }),
      };
    });
    const reading = await (await cloud.open()).read(query);
    assert.ok(reading.state === 'read');
    assert.deepEqual(requests(reading.closed), [2700, 300]);
  });

  test('late: a minute whose entries may still come is open, and is whole at the next poll', async () => {
    const all = Array.from({ length: 100 }, (_, i) => request(i, 100));
    let arrived = all.slice(0, 95);
    await using cloud = await logging((page) => inPages(arrived)(page));
    // The last of the ten minutes ended 150 s ago.
    const source = await cloud.open({ logDelayMs: 160_000 });
    const early = await source.read(query);
    assert.ok(early.state === 'read' && early.closed.length === 9);
    assert.deepEqual(requests(early.open), [4, 1]);
    arrived = all;
    const late = await source.read({ ...query, from: new Date(FROM.getTime() + 9 * MINUTE_MS) });
    assert.ok(late.state === 'read');
    assert.deepEqual(requests(late.open), [9, 1]);
  });

  test('a poll reads again only what may have come late, and counts what the polls before it have read', async () => {
    const all = Array.from({ length: 100 }, (_, i) => request(i, 100));
    let arrived = all.slice(0, 95);
    await using cloud = await logging((page) => inPages(arrived)(page));
    const source = await cloud.open({ logDelayMs: 160_000 });
    const asked = (): string => cloud.asked.at(-1)?.filter ?? '';
    await source.read(query);
    assert.match(asked(), /receiveTimestamp>="2031-03-01T11:47:50/);
    arrived = all.slice(93);
    const from = new Date(FROM.getTime() + 9 * MINUTE_MS);
    const next = await source.read({ ...query, from });
    assert.match(asked(), /receiveTimestamp>="2031-03-01T11:57:40/);
    assert.ok(next.state === 'read');
    assert.deepEqual(requests(next.open), [9, 1]);
    arrived = all;
    const again = await source.read(query);
    assert.match(asked(), /receiveTimestamp>="2031-03-01T11:47:50/);
    assert.ok(again.state === 'read');
    assert.deepEqual(requests([...again.closed, ...again.open]), [90, 10]);
  });

  test('long after they were asked for, because the machine slept: the minutes that passed are read by the next poll', async () => {
    const all = Array.from({ length: 100 }, (_, i) => request(i, 100));
    await using cloud = await logging((page) => inPages(asked(all, page))(page));
    const source = await cloud.open();
    const asleepAt = new Date(FROM.getTime() + 4 * MINUTE_MS);
    const first = await source.read({ ...query, to: asleepAt });
    assert.ok(first.state === 'read');
    assert.deepEqual([first.closed.length, ...requests(first.closed)], [4, 36, 4]);
    const next = await source.read({ ...query, from: asleepAt });
    assert.ok(next.state === 'read');
    assert.deepEqual([next.closed.length, ...requests(next.closed)], [6, 54, 6]);
  });

  test('more of them than may be read: the oldest minutes first, with why, and no more reads than our share', async () => {
    const entries = Array.from({ length: 100_000 }, (_, i) => request(i, 100_000));
    await using cloud = await logging(inPages(entries));
    const source = await cloud.open();
    const history = await source.readHistory({ revision: stable, before: query.to });
    assert.ok(history.state === 'read');
    // 15 pages hold the newest minute and a half; only a minute that was read whole counts, and it begins after another
    // one.
    assert.ok(history.minutes.length <= 1);
    const reading = await source.read(query);
    assert.ok(reading.state === 'read');
    assert.match(reading.behind ?? '', /the first 25,000 used up our share of the project/);
    assert.match(reading.hint ?? '', /CANARY_SOURCE=monitoring/);
    assert.deepEqual([reading.closed.length, reading.open.length], [2, 0]);
    assert.deepEqual(requests(reading.closed), [18_000, 2000]);
    assert.ok(cloud.asked.length <= 42, `${cloud.asked.length} reads`);
    // There are no reads left in this minute. That is no reason to give up: the rest is read in the next one.
    const soon = await source.read({ ...query, from: new Date(FROM.getTime() + 2 * MINUTE_MS) });
    assert.deepEqual(soon, {
      state: 'read',
      closed: [],
      open: [],
      behind: reading.behind,
      hint: reading.hint,
    });
    assert.ok(cloud.asked.length <= 42, `${cloud.asked.length} reads`);
  });

  test('so many that all our reads of a minute do not make one minute of them whole: unreadable, with what helps', async () => {
    const first = Array.from({ length: 1000 }, (_, i) => request(i, 10_000));
    await using cloud = await logging(({ pageToken = '0' }) => ({
      entries: first,
      nextPageToken: String(Number(pageToken) + 1),
    }));
    const source = await cloud.open();
    for (const _ of ['at first', 'as long as there are no more reads']) {
      const reading = await source.read(query);
      assert.ok(reading.state === 'unreadable' && reading.kind === 'too many', JSON.stringify(reading));
      assert.match(reading.why, /the first 40,000 used up our share/);
      assert.match(reading.hint ?? '', /CANARY_SOURCE=monitoring/);
    }
    assert.equal(cloud.asked.length, 41);
  });
});

describe('what else may be among the entries', () => {
  const seen = (entry: RawLogEntry) => {
    const decision: RawLogEntry = {
      ...request(0, 100),
      insertId: 'decision',
      logName: 'projects/openagentsgemini/logs/run.googleapis.com%2Fstdout',
      jsonPayload: { event_name: 'route.split.decision', event_json: '{}' },
    };
    const { httpRequest: _, ...own } = decision;
    const reading = observeRequestLog([own, entry], query, { now: new Date(NOW), delayMs: 0 });
    assert.ok(reading.state === 'read');
    const { requests: counted, routeDecisions, unreadableDecisions } = reading.closed[0]?.canary ?? {};
    return [counted, routeDecisions, unreadableDecisions];
  };
  const { httpRequest: _, ...line } = {
    ...request(0, 100),
    insertId: 'line',
    logName: 'projects/openagentsgemini/logs/run.googleapis.com%2Fstdout',
  };

  test("a sidecar's access log that has a decision's name from a request is none", () => {
    const textPayload =
      '10.0.0.1 - - [01/Mar/2031] "GET /?event_name=route.split.decision HTTP/1.1" 200 1 "audit_event"';
    assert.deepEqual(seen({ ...line, textPayload }), [0, 1, 0]);
  });

  for (const textPayload of [
    '{"message":"audit_event","event_name":"route.split.decision","event_js',
    '2031-03-01T11:48:01.000000Z  INFO audit_event event_name="route.split.decision" outcome="ok"',
  ]) {
    test(`a decision that is not JSON: ${textPayload.slice(0, 20)}`, () => {
      assert.deepEqual(seen({ ...line, textPayload }), [0, 2, 1]);
    });
  }

  test("a service's own line about a request is no request", () => {
    const { httpRequest } = request(0, 100);
    assert.ok(httpRequest);
    assert.deepEqual(seen({ ...line, httpRequest, jsonPayload: { event_name: 'other' } }), [0, 1, 0]);
  });
});

test('a window in which a service that is much used seems to stand still is not judged by the rest', async () => {
  const well = { stable: { requests: 100, errors: 0 }, canary: { requests: 30, errors: 0 } };
  const none = { stable: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } };
  const verdictOn = (silentMinutes: number) =>
    judgeLastWindow(
      {
        ...{ name: 'logs', why: 'asked for', delayMs: 0, now: () => new Date(NOW) },
        read: async ({ from }) => ({
          state: 'read',
          closed: Array.from({ length: 10 }, (_, i) => ({
            startsAt: new Date(from.getTime() + i * MINUTE_MS),
            ...(i < 10 - silentMinutes ? well : none),
          })),
          open: [],
        }),
        readHistory: async () => ({ state: 'read', minutes: Array(60).fill(well.stable), outOf: 60 }),
      },
      {
        ...{ stable, canary, canaryPercent: 25, canaryMadeAt: FROM, isCanaryReady: true, affinity: true },
      },
      { windowMinutes: 10, steps: [25, 100], limits: defaultLimits },
    );
  assert.equal((await verdictOn(0)).verdict, 'healthy');
  const { verdict, reason } = await verdictOn(6);
  assert.equal(verdict, 'inconclusive');
  assert.match(reason, /no request of either revision was seen in 6 minutes, though stable had some/);
});

test('points with zero counts are no requests, and no latencies', () => {
  const interval = { startTime: '2031-03-01T11:48:00Z', endTime: '2031-03-01T11:49:00Z' };
  const series = (value: object) => [
    {
      metric: { labels: { response_code: '500', response_code_class: '5xx' } },
      resource: { labels: { revision_name: canary } },
      points: [{ interval, value }],
    },
  ];
  const exponentialBuckets = { numFiniteBuckets: 3, growthFactor: 2, scale: 100 };
  const reading = observeMetrics(
    {
      requestCount: series({ int64Value: '0' }),
      requestLatencies: series({
        distributionValue: {
          count: '0',
          bucketOptions: { exponentialBuckets },
          bucketCounts: ['0', '0', '0', '0', '0'],
        },
      }),
    },
    query,
    { now: new Date(NOW), delayMs: 0 },
  );
  assert.deepEqual(reading.closed[0]?.canary, { requests: 0, errors: 0 });
});
