import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nobodysText, readDocument, writeDocument } from '@deploy/report/document';
import type { ReportRecord } from '@deploy/report/record';
import { sampleRecord } from './sample-record.ts';

const [passed, failed] = sampleRecord.smokes;
const [change] = sampleRecord.trafficChanges;
const [, step] = sampleRecord.steps;
assert.ok(passed && failed && change && step);

/** The record after it was written and read back. */
function writtenAndRead(record: ReportRecord): ReportRecord {
  return readDocument(writeDocument({ record, people: nobodysText }, 'report.md'), 'report.md').record;
}

test('300 smoke runs: the last three against each URL stay, the rest are counted, and more can be added', () => {
  const runs = Array.from({ length: 300 }, (_, run) => ({
    ...(run % 3 === 0 ? failed : passed),
    durationMs: run,
  }));
  let record = writtenAndRead({ ...sampleRecord, smokes: runs.slice(0, 221) });
  for (const run of [runs.slice(221, 299), runs.slice(299)]) {
    record = writtenAndRead({ ...record, smokes: [...record.smokes, ...run] });
  }
  assert.deepEqual(
    record.smokes.map(({ durationMs }) => durationMs),
    [291, 294, 296, 297, 298, 299],
  );
  assert.deepEqual(record.dropped?.smokes, [
    { suite: failed.suite, baseUrl: failed.baseUrl, passed: 0, failed: 97 },
    { suite: passed.suite, baseUrl: passed.baseUrl, passed: 197, failed: 0 },
  ]);
});

test('a rollout of 500 shifts can be read back, with the latest of them', () => {
  const record = writtenAndRead({
    ...sampleRecord,
    trafficChanges: Array.from({ length: 500 }, (_, index) => ({ ...change, actor: `person-${index}` })),
    steps: Array.from({ length: 500 }, () => step),
  });
  assert.equal(record.trafficChanges.at(-1)?.actor, 'person-499');
  assert.equal((record.dropped?.trafficChanges ?? 0) + record.trafficChanges.length, 500);
  assert.equal((record.dropped?.steps ?? 0) + record.steps.length, 500);
});

test('even with the longest texts there are', () => {
  const long = '"\\'.repeat(2000);
  const check = { id: long, state: 'failed', request: long, detail: long } as const;
  const run = { ...failed, actor: long, checks: Array.from({ length: 20 }, () => check) };
  const record = writtenAndRead({
    ...sampleRecord,
    steps: Array.from({ length: 300 }, () => ({ ...step, name: long, detail: long })),
    smokes: Array.from({ length: 60 }, (_, index) => ({ ...run, baseUrl: `https://${index}.example.com` })),
  });
  assert.equal(record.smokes.at(-1)?.baseUrl, 'https://59.example.com');
});
