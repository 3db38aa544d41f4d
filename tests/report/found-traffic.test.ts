import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RolloutEvent } from '@deploy/report';
import type { ReportRecord } from '@deploy/report/record';
import { applyEvent } from '@deploy/report/record';
import { sampleRecord } from './sample-record.ts';

const { before: OLD = '', after: NEW = '' } = sampleRecord.revisions;
const split = (percent: number) => [
  { revision: OLD, percent: 100 - percent },
  { revision: NEW, percent },
];
const whole = [{ revision: OLD, percent: 100 }];
const record: ReportRecord = { ...sampleRecord, trafficBefore: whole, trafficChanges: [] };

function after(...events: RolloutEvent[]): ReportRecord['trafficChanges'] {
  const at = '2026-02-12T17:05:00.000Z';
  const occasion = { at, actor: 'alice@example.com', metChange: 'start' };
  return events.reduce((known, event) => applyEvent(known, event, occasion), record).trafficChanges;
}

const found = (percent: number): RolloutEvent => ({
  kind: 'trafficFound',
  shares: split(percent),
  by: 'bob@example.com',
});
const shifted: RolloutEvent = {
  kind: 'trafficShifted',
  change: { service: 'svc', before: whole, after: split(40) },
  stable: OLD,
};

describe("somebody else's split that a promotion finds", () => {
  test('is added under the name of whoever changed the service', () => {
    const [entry, ...others] = after(found(40));
    assert.deepEqual(others, []);
    assert.deepEqual([entry?.actor, entry?.before, entry?.after], ['bob@example.com', whole, split(40)]);
  });

  test('is not added twice, whichever of the two commands writes first', () => {
    for (const events of [
      [shifted, found(40)],
      [found(40), shifted],
    ]) {
      const [entry, ...others] = after(...events);
      assert.deepEqual(others, []);
      assert.equal(entry?.actor, 'alice@example.com');
      assert.equal(entry?.found, undefined);
    }
  });

  test('stays beside a different one', () => {
    assert.equal(after(found(60), shifted).length, 2);
  });
});
