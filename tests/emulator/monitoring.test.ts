import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Emulator } from '@deploy/emulator';
import { cloudWith, IMAGES, PROJECT, revisionNames, SERVICE } from '../support/cloud.ts';
import { ask, type TimeSeries, timeSeries } from '../support/observed.ts';

const SPLIT = {
  services: [
    {
      name: SERVICE,
      image: `${IMAGES}:one`,
      laterImages: [`${IMAGES}:two`, `${IMAGES}:idle`],
      traffic: [
        { revision: 1, percent: 75 },
        { revision: 2, percent: 25 },
      ],
    },
  ],
};
// A minute passes in a fifth of a second, so that points can be waited for. Two minutes after each look the clock waits
// for the next one: however long the requests before it take, they are not too old for it then.
const FAST = { clockSpeed: 300, clockWaitsAfterMs: 120_000, monitoring: { delayMs: 60_000 } };

function total(series: readonly TimeSeries[]): number {
  const points = series.flatMap(({ points = [] }) => points);
  return points.reduce(
    (sum, { value }) => sum + Number(value.int64Value ?? value.distributionValue?.count ?? 0),
    0,
  );
}

/** The series once they hold so many requests. */
async function once(
  cloud: Emulator,
  count: number,
  ...[metric, options]: [Parameters<typeof timeSeries>[1], Parameters<typeof timeSeries>[2]?]
): Promise<TimeSeries[]> {
  for (;;) {
    const { series, message } = await timeSeries(cloud, metric, options);
    assert.equal(message, undefined);
    if (total(series) >= count) return series;
    await pause(50);
  }
}

test('requests are counted by revision and status, in whole minutes; an idle revision has no series', async () => {
  await using cloud = await cloudWith({ ...SPLIT, ...FAST });
  const [one, two] = revisionNames(cloud);
  const { uri } = cloud.service(SERVICE);
  await ask(uri, 40);
  await ask(uri, 4, '/api/none');
  const series = await once(cloud, 44, 'request_count');
  const counts = Object.fromEntries(
    series.map((each) => [
      `${each.resource.labels.revision_name} ${each.metric.labels.response_code_class}`,
      total([each]),
    ]),
  );
  assert.deepEqual(counts, { [`${one} 2xx`]: 30, [`${two} 2xx`]: 10, [`${one} 4xx`]: 3, [`${two} 4xx`]: 1 });
  for (const { interval } of series.flatMap(({ points = [] }) => points)) {
    assert.equal(Date.parse(interval.endTime) - Date.parse(interval.startTime), 60_000);
    assert.equal(Date.parse(interval.endTime) % 60_000, 0);
    assert.ok(Date.parse(interval.endTime) + 60_000 <= cloud.clock.now(), 'not before the delay has passed');
  }
});

test('latencies are distributions in exponential buckets, without the zeros at the end', async () => {
  const buckets = { numFiniteBuckets: 20, growthFactor: 2, scale: 1 };
  await using cloud = await cloudWith({
    ...FAST,
    monitoring: { delayMs: 0, buckets },
    imageFaults: { [`${IMAGES}:one`]: { latencyMs: 3000, latencySpread: 0 } },
  });
  await ask(cloud.service(SERVICE).uri, 5);
  const series = await once(cloud, 5, 'request_latencies');
  for (const { value } of series.flatMap(({ points = [] }) => points)) {
    const { count, mean = 0, bucketCounts = [], bucketOptions } = value.distributionValue ?? {};
    assert.deepEqual(bucketOptions, { exponentialBuckets: buckets });
    assert.equal(
      bucketCounts.reduce((sum, each) => sum + Number(each), 0),
      Number(count),
    );
    assert.notEqual(bucketCounts.at(-1), '0');
    assert.ok(mean >= 3000);
    // 3000 lies between 2^11 and 2^12; a slow machine may add to it.
    assert.ok(bucketCounts.slice(0, 12).every((each) => each === '0'));
  }
});

test('points can be aligned, and series of a group reduced to one', async () => {
  await using cloud = await cloudWith({ ...SPLIT, ...FAST });
  const [one, two] = revisionNames(cloud);
  await ask(cloud.service(SERVICE).uri, 20);
  await ask(cloud.service(SERVICE).uri, 20, '/api/none');
  await once(cloud, 40, 'request_count');
  const query = {
    'aggregation.alignmentPeriod': '900s',
    'aggregation.perSeriesAligner': 'ALIGN_DELTA',
    'aggregation.crossSeriesReducer': 'REDUCE_SUM',
    'aggregation.groupByFields': ['resource.labels.revision_name'],
  };
  const { series } = await timeSeries(cloud, 'request_count', { query });
  assert.deepEqual(
    series.map((each) => [each.resource.labels, each.metric.labels, total([each])]),
    [
      [{ revision_name: one }, {}, 30],
      [{ revision_name: two }, {}, 10],
    ],
  );
  const merged = await timeSeries(cloud, 'request_latencies', { query });
  assert.deepEqual(
    merged.series.map((each) => total([each])),
    [30, 10],
  );
  const percentile = await timeSeries(cloud, 'request_latencies', {
    query: { 'aggregation.alignmentPeriod': '900s', 'aggregation.perSeriesAligner': '19' },
  });
  assert.ok(percentile.series.every(({ points = [] }) => (points[0]?.value.doubleValue ?? 0) > 0));
});

describe('filters', () => {
  const found: [string, number][] = [
    [' AND resource.labels.service_name="control"', 2],
    [' AND resource.labels.revision_name=one_of("ONE","nobody")', 1],
    [' AND resource.labels.revision_name!="ONE"', 1],
    [' AND (resource.labels.revision_name="ONE" OR resource.labels.revision_name="TWO")', 2],
    [' AND NOT metric.labels.response_code_class="2xx"', 0],
    [' AND resource.label.revision_name=starts_with("control-0000")', 2],
    [' AND resource.labels.revision_name=monitoring.regex.full_match("control-00001-.*")', 1],
  ];
  test('find the series that they name', async () => {
    await using cloud = await cloudWith({ ...SPLIT, ...FAST });
    const [one = '', two = ''] = revisionNames(cloud);
    await ask(cloud.service(SERVICE).uri, 8);
    await once(cloud, 8, 'request_count');
    for (const [filter, count] of found) {
      const named = filter.replaceAll('ONE', one).replaceAll('TWO', two);
      assert.equal((await timeSeries(cloud, 'request_count', { filter: named })).series.length, count, named);
    }
  });

  const refused: [string, Record<string, string>][] = [
    [
      'the lists of Logging',
      { filter: 'metric.type="run.googleapis.com/request_count" resource.labels.revision_name=("a" OR "b")' },
    ],
    ['no metric type', { filter: 'resource.type="cloud_run_revision"' }],
    ['two metric types', { filter: 'metric.type="a" OR metric.type="b"' }],
    ['an unknown field', { filter: 'metric.type="run.googleapis.com/request_count" AND colour="red"' }],
    ['no end', { 'interval.endTime': '' }],
    ['an end before the start', { 'interval.endTime': '2020-01-01T00:00:00Z' }],
    [
      'less than a minute',
      { 'aggregation.alignmentPeriod': '30s', 'aggregation.perSeriesAligner': 'ALIGN_DELTA' },
    ],
    ['a reducer without an aligner', { 'aggregation.crossSeriesReducer': 'REDUCE_SUM' }],
    [
      'an unknown aligner',
      { 'aggregation.alignmentPeriod': '60s', 'aggregation.perSeriesAligner': 'ALIGN_WELL' },
    ],
  ];
  for (const [name, query] of refused) {
    test(`are refused with ${name}`, async () => {
      await using cloud = await cloudWith();
      assert.equal((await timeSeries(cloud, 'request_count', { query })).status, 400);
    });
  }

  test('need the permission', async () => {
    await using cloud = await cloudWith({ denied: ['monitoring.timeSeries.list'] });
    assert.equal((await timeSeries(cloud, 'request_count')).status, 403);
  });
});

test('the descriptors tell the delay, or do not', async () => {
  const descriptor = async (monitoring: { ingestDelay?: boolean }, type: string) => {
    await using cloud = await cloudWith({ monitoring });
    const answer = await fetch(`${cloud.url}/v3/projects/${PROJECT}/metricDescriptors/${type}`);
    return {
      status: answer.status,
      body: (await answer.json()) as { metadata?: object; valueType?: string },
    };
  };
  const told = await descriptor({}, 'run.googleapis.com/request_latencies');
  assert.equal(told.body.valueType, 'DISTRIBUTION');
  assert.deepEqual(told.body.metadata, { launchStage: 'GA', samplePeriod: '60s', ingestDelay: '180s' });
  const untold = await descriptor({ ingestDelay: false }, 'run.googleapis.com%2Frequest_count');
  assert.deepEqual(untold.body.metadata, { launchStage: 'GA', samplePeriod: '60s' });
  assert.equal((await descriptor({}, 'run.googleapis.com/nothing')).status, 404);
});
