import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  chooseSource,
  histogramOf,
  metricFilter,
  observeMetrics,
  observeRequestLog,
  type RawLogEntry,
  type RawTimeSeries,
  requestLogFilter,
} from '@deploy/canary/cloud';
import { addMinute, beginPromotion, judge } from '@deploy/canary/verdict';
import { smokeUserAgent } from '@deploy/smoke/checks';
import { defaultLimits } from '../support/limits.ts';

const query = {
  stable: 'control-00001-abc',
  canary: 'control-00002-def',
  from: new Date('2026-11-24T12:00:00Z'),
  to: new Date('2026-11-24T12:03:00Z'),
};
const later = { now: new Date('2026-11-24T12:10:00Z'), delayMs: 10_000 };

const labels = (revision: string) => ({
  configuration_name: 'control',
  location: 'us-central1',
  project_id: 'openagentsgemini',
  revision_name: revision,
  service_name: 'control',
});

/** A request log entry as `entries:list` answers it. */
function request(revision: string, time: string, more: RawLogEntry['httpRequest'] = {}): RawLogEntry {
  return {
    insertId: `${revision}${time}${JSON.stringify(more)}`,
    logName: 'projects/openagentsgemini/logs/run.googleapis.com%2Frequests',
    timestamp: `2026-11-24T${time}Z`,
    resource: { labels: labels(revision) },
    httpRequest: {
      requestMethod: 'GET',
      requestUrl: 'https://control-abc-uc.a.run.app/login',
      status: 200,
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64)',
      latency: '0.012345s',
      ...more,
    },
  };
}

function readLog(entries: RawLogEntry[], arrival = later) {
  const reading = observeRequestLog(entries, query, arrival);
  assert.equal(reading.state, 'read');
  return reading;
}

describe('request logs', () => {
  test('are counted by revision and minute, errors and slow ones too', () => {
    const { closed } = readLog([
      request(query.canary, '12:00:10.5', { status: 503, latency: '2.5s' }),
      request(query.canary, '12:00:20', { status: 404 }),
      request(query.stable, '12:00:59'),
      request(query.stable, '12:02:00'),
      request('control-00000-old', '12:00:30', { status: 500 }),
    ]);
    assert.deepEqual(
      closed.map(({ stable, canary }) => [stable.requests, stable.errors, canary.requests, canary.errors]),
      [
        [1, 0, 2, 1],
        [0, 0, 0, 0],
        [1, 0, 0, 0],
      ],
    );
    assert.deepEqual(
      closed.map(({ startsAt }) => startsAt.toISOString()),
      ['2026-11-24T12:00:00.000Z', '2026-11-24T12:01:00.000Z', '2026-11-24T12:02:00.000Z'],
    );
    const { boundsMs = [], counts = [] } = closed[0]?.canary.latency ?? {};
    const slowest = boundsMs[counts.lastIndexOf(1)] ?? 0;
    assert.ok(slowest >= 2500 && slowest < 2500 * 1.16);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      2,
    );
  });

  test('a request that found no instance is an error, also for signing in; a 429 of the service itself is none', () => {
    const signIn = { requestMethod: 'POST', requestUrl: 'https://control-abc-uc.a.run.app/api/auth/verify' };
    const turnedAway = (second: number, more = {}): RawLogEntry => ({
      ...request(query.canary, `12:00:0${second}`, { status: 429, latency: '0s', ...more }),
      textPayload: 'The request was aborted because there was no available instance. Additional …',
    });
    const { closed } = readLog([
      turnedAway(1),
      turnedAway(2, signIn),
      request(query.canary, '12:00:03', { status: 429 }),
      request(query.canary, '12:00:04', { status: 429, ...signIn }),
      request(query.canary, '12:00:05'),
    ]);
    const { requests, errors, signIn: signIns } = closed[0]?.canary ?? {};
    assert.deepEqual([requests, errors], [5, 2]);
    assert.deepEqual(signIns, { requests: 2, failures: 2, serverErrors: 1 });
  });

  test('a request belongs to the minute in which it ended', () => {
    const { closed } = readLog([request(query.canary, '12:00:58', { latency: '3s' })]);
    assert.deepEqual(
      closed.map(({ canary }) => canary.requests),
      [0, 1, 0],
    );
  });

  test('an entry that comes twice, in two pages or two polls, counts once', () => {
    const one = request(query.canary, '12:00:01');
    assert.equal(readLog([one, one]).closed[0]?.canary.requests, 1);
  });

  test('health checks, uptime checks and our own requests are left out, by their user agent', () => {
    const agents = [
      'GoogleHC/1.0',
      'GoogleStackdriverMonitoring-UptimeChecks(https://cloud.google.com/monitoring)',
      'kube-probe/1.31',
      smokeUserAgent('smoke-control'),
      smokeUserAgent('canary-rollout'),
    ];
    const entries = agents.map((userAgent) => request(query.canary, '12:00:05', { userAgent, status: 503 }));
    assert.equal(readLog(entries).closed[0]?.canary.requests, 0);
    const unknown = { ...request(query.canary, '12:00:05') };
    const { userAgent: _, ...httpRequest } = unknown.httpRequest ?? {};
    assert.equal(readLog([{ ...unknown, httpRequest }]).closed[0]?.canary.requests, 1);
  });

  test("requests to a tag's URL are left out, unless they are asked for: they are no part of the split", () => {
    const urls = [
      'https://candidate---control-abc-uc.a.run.app/login',
      'https://candidate---control-157437760789.us-central1.run.app/login?next=1',
      // The service's own addresses, whatever they contain, and those of others.
      'https://control-abc-uc.a.run.app/---control-',
      'https://openagents.com/login',
      '/login',
    ];
    const entries = urls.map((requestUrl) => request(query.canary, '12:00:05', { requestUrl }));
    assert.equal(readLog(entries).closed[0]?.canary.requests, 3);
    const all = observeRequestLog(entries, { ...query, withTagged: true }, later);
    assert.equal(all.closed[0]?.canary.requests, 5);
  });

  test('sign-ins and sync tokens by path: 4xx and 5xx fail, a 401 never does', () => {
    const post = (path: string, status: number, second: number) =>
      request(query.canary, `12:00:${String(second).padStart(2, '0')}`, {
        requestMethod: 'POST',
        requestUrl: `https://control-abc-uc.a.run.app${path}`,
        status,
      });
    const { closed } = readLog([
      post('/api/auth/verify', 200, 1),
      post('/api/auth/verify?next=/', 422, 2),
      post('/api/auth/email', 503, 3),
      post('/api/sync/token', 401, 4),
      post('/api/v1/sync/token', 503, 5),
      post('/api/auth/session', 500, 6),
    ]);
    const { signIn, syncToken } = closed[0]?.canary ?? {};
    assert.deepEqual(signIn, { requests: 3, failures: 2, serverErrors: 1 });
    assert.deepEqual(syncToken, { requests: 2, failures: 1, serverErrors: 1 });
  });

  const event = (event_json: string): RawLogEntry => ({
    insertId: event_json,
    logName: 'projects/openagentsgemini/logs/run.googleapis.com%2Fstdout',
    timestamp: '2026-11-24T12:00:07.1Z',
    resource: { labels: labels(query.canary) },
    jsonPayload: { message: 'audit_event', event_name: 'route.split.decision', level: 'INFO', event_json },
  });

  test('pages and the route decisions for them; one that is not JSON is told apart', () => {
    const file = (path: string) =>
      request(query.canary, '12:00:09', { requestUrl: `https://x.run.app${path}` });
    const pages = [
      '/login',
      '/onboarding/checklist',
      '/',
      '/readyz',
      '/assets/a.js',
      '/manifest.json',
      '/api/x',
    ];
    const { closed } = readLog([
      ...pages.map(file),
      event('{"event_name":"route.split.decision"}'),
      event('{"event_name":'),
      { ...event('x'), jsonPayload: { event_name: 'auth.verify.completed', event_json: '{}' } },
    ]);
    const { pages: served, routeDecisions, unreadableDecisions } = closed[0]?.canary ?? {};
    assert.deepEqual([served, routeDecisions, unreadableDecisions], [2, 2, 1]);
  });

  test("without any of the service's own lines, audit events are not judged", () => {
    assert.equal(readLog([request(query.canary, '12:00:09')]).closed[0]?.canary.routeDecisions, undefined);
  });

  test('a minute is closed once its last entries must have arrived, and does not hide the one after it before', () => {
    const entries = [request(query.canary, '12:00:30'), request(query.canary, '12:01:05', { status: 500 })];
    const at = (now: string) => {
      const { closed, open } = readLog(entries, { now: new Date(`2026-11-24T${now}Z`), delayMs: 10_000 });
      return { closed: closed.length, open: open.map(({ canary }) => [canary.requests, canary.errors]) };
    };
    assert.deepEqual(at('12:00:00'), { closed: 0, open: [] });
    assert.deepEqual(at('12:00:59'), { closed: 0, open: [[1, 0]] });
    assert.deepEqual(at('12:01:09'), {
      closed: 0,
      open: [
        [1, 0],
        [1, 1],
      ],
    });
    assert.deepEqual(at('12:01:10'), { closed: 1, open: [[1, 1]] });
    assert.deepEqual(at('12:30:00'), { closed: 3, open: [] });
  });

  test('what is no entry is passed over', () => {
    assert.equal(readLog([{}, { timestamp: 'never', resource: { labels: labels('a') } }]).closed.length, 3);
  });
});

/** A series as `timeSeries.list` answers it; the newest point comes first. */
function series(revision: string, code: string, points: RawTimeSeries['points']): RawTimeSeries {
  const metric = { labels: { response_code: code, response_code_class: `${code[0]}xx` } };
  return { metric, resource: { labels: labels(revision) }, points: points ?? [] };
}

const interval = (minute: number) => ({
  startTime: `2026-11-24T12:0${minute}:00Z`,
  endTime: `2026-11-24T12:0${minute + 1}:00Z`,
});

const exponentialBuckets = { numFiniteBuckets: 3, growthFactor: 2, scale: 100 };

describe('metrics', () => {
  const requestCount = [
    series(query.stable, '200', [
      { interval: interval(2), value: { int64Value: '110' } },
      { interval: interval(0), value: { int64Value: '114' } },
    ]),
    series(query.stable, '404', [{ interval: interval(0), value: { int64Value: '3' } }]),
    series(query.canary, '200', [{ interval: interval(0), value: { int64Value: '6' } }]),
    series(query.canary, '503', [{ interval: interval(1), value: { int64Value: '2' } }]),
  ];
  const distributionValue = {
    count: '6',
    bucketOptions: { exponentialBuckets },
    bucketCounts: ['0', '4', '2'],
  };
  const requestLatencies = [
    series(query.canary, '200', [{ interval: interval(0), value: { distributionValue } }]),
    series(query.canary, '404', [{ interval: interval(0), value: { distributionValue } }]),
  ];

  test('are added up by minute and revision, over the response codes', () => {
    const reading = observeMetrics({ requestCount, requestLatencies }, query, { ...later, delayMs: 180_000 });
    assert.equal(reading.state, 'read');
    assert.deepEqual(
      reading.closed.map(({ stable, canary }) => [
        stable.requests,
        stable.errors,
        canary.requests,
        canary.errors,
      ]),
      [
        [117, 0, 6, 0],
        [0, 0, 2, 2],
        [110, 0, 0, 0],
      ],
    );
    assert.deepEqual(reading.closed[0]?.canary.latency, {
      boundsMs: [100, 200, 400, 800],
      counts: [0, 8, 4, 0, 0],
    });
    assert.equal(reading.closed[1]?.canary.latency, undefined);
  });

  test('an absent series means no requests only when it is older than the delay of the metrics', () => {
    const at = (now: string) =>
      observeMetrics({ requestCount: [], requestLatencies: [] }, query, {
        now: new Date(`2026-11-24T${now}Z`),
        delayMs: 180_000,
      });
    const young = at('12:03:30');
    assert.ok(young.state === 'read' && young.closed.length === 0);
    const old = at('12:04:00');
    assert.ok(old.state === 'read' && old.closed.length === 1 && old.closed[0]?.canary.requests === 0);
  });

  test('buckets of every kind', () => {
    assert.deepEqual(
      histogramOf({
        bucketOptions: { explicitBuckets: { bounds: [0, 10, 20] } },
        bucketCounts: ['1', 2, '3', 4],
      }),
      {
        boundsMs: [10, 20],
        counts: [3, 3, 4],
      },
    );
    assert.deepEqual(
      histogramOf({
        bucketOptions: { linearBuckets: { numFiniteBuckets: 2, width: 50, offset: 0 } },
        bucketCounts: ['0', '5'],
      }),
      { boundsMs: [50, 100], counts: [5, 0, 0] },
    );
    assert.equal(histogramOf({ count: '3' }), undefined);
  });
});

test('the same traffic gives the same counts, whether logs or metrics tell of it, and both can be judged', () => {
  const log = readLog([
    ...Array.from({ length: 20 }, (_, i) => request(query.stable, `12:00:${10 + i}`)),
    ...Array.from({ length: 10 }, (_, i) =>
      request(query.canary, `12:00:${10 + i}`, { status: i < 2 ? 500 : 200 }),
    ),
  ]).closed;
  const metrics = observeMetrics(
    {
      requestCount: [
        series(query.stable, '200', [{ interval: interval(0), value: { int64Value: '20' } }]),
        series(query.canary, '200', [{ interval: interval(0), value: { int64Value: '8' } }]),
        series(query.canary, '500', [{ interval: interval(0), value: { int64Value: '2' } }]),
      ],
      requestLatencies: [],
    },
    query,
    later,
  );
  assert.ok(metrics.state === 'read');
  const verdicts = [log, metrics.closed].map((minutes) =>
    judge(
      minutes.reduce(
        (promotion, { stable, canary }) => addMinute(promotion, { step: 25, stable, canary }),
        beginPromotion(
          { steps: [5, 25, 50, 100], windowMinutes: 3, limits: defaultLimits, affinity: false },
          [],
        ),
      ),
    ),
  );
  const [first, second] = verdicts.map(({ signals }) => signals.find(({ signal }) => signal === 'errors'));
  assert.deepEqual(first, second);
  assert.deepEqual(first?.canary, { failed: 2, requests: 10 });
});

describe('what the sources are asked for', () => {
  const place = { service: 'control', region: 'us-central1' };
  test('request logs of both revisions that ended since then, however long they took', () => {
    const filter = requestLogFilter(place, query);
    assert.match(filter, /revision_name=\("control-00001-abc" OR "control-00002-def"\)/);
    assert.match(
      filter,
      /timestamp>="2026-11-24T11:00:00\.000Z" AND receiveTimestamp>="2026-11-24T11:59:50\.000Z" AND timestamp<"2026-11-24T12:03:00\.000Z"$/,
    );
  });
  test('metrics in the filter language of Monitoring, of revisions and not of instances', () => {
    assert.equal(
      metricFilter('request_count', place, query),
      'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision" AND resource.labels.service_name="control" AND resource.labels.location="us-central1" AND resource.labels.revision_name=one_of("control-00001-abc","control-00002-def")',
    );
  });
  test('logs are read while their volume leaves reads for people, and metrics beyond', () => {
    const polls = { polls: 4, minutesAtOnce: 2 };
    assert.equal(chooseSource(120, polls).name, 'logs');
    assert.equal(chooseSource(3000, polls).name, 'logs');
    assert.equal(chooseSource(3001, polls).name, 'monitoring');
    assert.match(
      chooseSource(3001, polls).why,
      /^3,001 requests a minute need about 28 of the project's 60 log reads/,
    );
    const once = { polls: 1, minutesAtOnce: 10 };
    assert.deepEqual([chooseSource(2400, once).name, chooseSource(2401, once).name], ['logs', 'monitoring']);
  });
});
