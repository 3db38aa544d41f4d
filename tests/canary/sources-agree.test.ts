import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  metricFilter,
  type ObservedMinute,
  observeMetrics,
  observeRequestLog,
  type RawLogEntry,
  requestLogFilter,
} from '@deploy/canary/cloud';
import { cloudWith, IMAGES, revisionNames, SERVICE } from '../support/cloud.ts';
import { ask, entriesOnce, timeSeries } from '../support/observed.ts';

// A minute passes in a second, so that several of them see traffic.
const CLOCK = {
  clockSpeed: 60,
  logs: { delayMs: 0, readsPerMinute: 100_000 },
  monitoring: { delayMs: 60_000 },
};
const REQUESTS = 80;

/** Requests and errors of both revisions from the first minute up to and with each one. */
function running(minutes: readonly ObservedMinute[]): { end: number; sums: number[] }[] {
  let sums = [0, 0, 0, 0];
  return minutes.map(({ startsAt, stable, canary }) => {
    const counts = [stable.requests, stable.errors, canary.requests, canary.errors];
    sums = sums.map((sum, i) => sum + (counts[i] ?? 0));
    return { end: startsAt.getTime() + 60_000, sums };
  });
}

type Entry = RawLogEntry & { receiveTimestamp?: string };

/** When a request began, and when it ended, by the emulator's clock: its entry is written then, and arrives at once. */
function timesOf({ timestamp = '', receiveTimestamp = '' }: Entry): { start: number; end: number } {
  return { start: Date.parse(timestamp), end: Date.parse(receiveTimestamp) };
}

test('the same traffic gives the same counts minute by minute, from request logs and from metrics', async () => {
  await using cloud = await cloudWith({
    ...CLOCK,
    imageFaults: { [`${IMAGES}:two`]: { errorPercent: 50 } },
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:one`,
        laterImages: [`${IMAGES}:two`],
        traffic: [
          { revision: 1, percent: 75 },
          { revision: 2, percent: 25 },
        ],
      },
    ],
  });
  const [stable = '', canary = ''] = revisionNames(cloud);
  const from = new Date(Math.floor(cloud.clock.now() / 60_000) * 60_000);
  const { uri } = cloud.service(SERVICE);
  for (let i = 0; i < 8; i++) {
    await ask(uri, REQUESTS / 8, '/login');
    await pause(150);
  }
  const place = { service: SERVICE, region: 'us-central1' };
  const wanted = (to: Date) => ({ stable, canary, from, to });
  const far = new Date(cloud.clock.now() + 3_600_000);
  const filter = requestLogFilter(place, wanted(far));
  const requests = (all: readonly Entry[]) => all.filter(({ httpRequest }) => httpRequest !== undefined);
  let entries: Entry[] = [];
  while (requests(entries).length < REQUESTS) entries = await entriesOnce(cloud, filter, REQUESTS);
  // Real work takes as long as it takes, however fast the clock runs: its end by that clock is later than start and
  // latency say.
  const lastEnd = Math.max(...requests(entries).map((entry) => timesOf(entry).end));
  // Once the minute of the last request is older than the delay of the metrics, what they do not show did not happen.
  const to = new Date((Math.floor(lastEnd / 60_000) + 1) * 60_000);
  const delayMs = CLOCK.monitoring.delayMs;
  while (cloud.clock.now() < to.getTime() + delayMs) await pause(20);
  const query = {
    'interval.startTime': from.toISOString(),
    'interval.endTime': new Date(cloud.clock.now()).toISOString(),
  };
  const read = async (metric: 'request_count' | 'request_latencies') =>
    (
      await timeSeries(cloud, metric, {
        query: { ...query, filter: metricFilter(metric, place, wanted(to)) },
      })
    ).series;
  const metrics = {
    requestCount: await read('request_count'),
    requestLatencies: await read('request_latencies'),
  };

  const arrival = { now: new Date(cloud.clock.now()), delayMs };
  const byLog = observeRequestLog(entries, wanted(to), arrival);
  const byMetrics = observeMetrics(metrics, wanted(to), arrival);
  assert.ok(byLog.state === 'read' && byMetrics.state === 'read');
  const [logged, measured] = [running(byLog.closed), running(byMetrics.closed)];
  assert.ok(logged.length > 1);
  assert.deepEqual(logged.at(-1), measured.at(-1));
  // In between they may differ by the requests that were under way when a minute ended, and by no others.
  for (const [i, { end, sums }] of logged.entries()) {
    const underWay = requests(entries).filter((entry) => {
      const times = timesOf(entry);
      return times.start < end && times.end >= end;
    });
    for (const [j, sum] of sums.entries()) {
      const other = measured[i]?.sums[j] ?? Number.NaN;
      assert.ok(
        Math.abs(sum - other) <= underWay.length,
        `${sum} and ${other}, ${underWay.length} under way`,
      );
    }
  }
  const total = (pick: (minute: ObservedMinute) => number): number =>
    byLog.closed.reduce((sum, minute) => sum + pick(minute), 0);
  assert.equal(
    total((minute) => minute.stable.requests),
    (REQUESTS * 3) / 4,
  );
  assert.equal(
    total((minute) => minute.canary.requests),
    REQUESTS / 4,
  );
  assert.ok(total((minute) => minute.canary.errors) > 0);
  const latencies = (minutes: readonly ObservedMinute[]): number =>
    minutes
      .flatMap(({ stable, canary }) => [...(stable.latency?.counts ?? []), ...(canary.latency?.counts ?? [])])
      .reduce((sum, count) => sum + count, 0);
  assert.deepEqual([latencies(byLog.closed), latencies(byMetrics.closed)], [REQUESTS, REQUESTS]);
});
