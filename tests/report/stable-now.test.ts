import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ReportRecord, stableNow } from '@deploy/report/record';
import { sampleRecord } from './sample-record.ts';

const { before: OLD = '', after: NEW = '' } = sampleRecord.revisions;
const OLDER = 'openagents-control-service-staging-00040-xyz';
const WINDOW = 'openagents-control-service-staging-00043-win';

type Change = ReportRecord['trafficChanges'][number];

function after(changes: [revision: string, of: Partial<Change>][]): string | undefined {
  const trafficChanges = changes.map(([revision, of], i) => ({
    at: `2026-02-12T17:0${i}:00.000Z`,
    actor: 'alice@example.com',
    before: [{ revision: OLD, percent: 100 }],
    after: [{ revision, percent: 100 }],
    ...of,
  }));
  return stableNow({ ...sampleRecord, trafficChanges });
}

const rows: [name: string, changes: [string, Partial<Change>][], stable: string][] = [
  ['nothing was shifted', [], OLD],
  ['the candidate has all of it', [[NEW, {}]], OLD],
  ['a rollback to an older revision', [[OLDER, {}]], OLDER],
  [
    'and then a share for the candidate',
    [
      [OLDER, {}],
      [
        NEW,
        {
          after: [
            { revision: OLDER, percent: 95 },
            { revision: NEW, percent: 5 },
          ],
        },
      ],
    ],
    OLDER,
  ],
  ['a window moved it', [[WINDOW, { byWindow: true }]], OLD],
];
test('the revision to go back to: not what was deployed into a window, of which closing it made the candidate', () => {
  const trafficChanges = [
    {
      ...{ at: '2026-02-12T17:00:00.000Z', actor: 'alice@example.com' },
      ...{ before: [{ revision: WINDOW, percent: 100 }], after: [{ revision: NEW, percent: 100 }] },
    },
  ];
  const revisions = { before: OLD, deployed: NEW, after: `${NEW}-again` };
  assert.equal(stableNow({ ...sampleRecord, revisions, trafficChanges }), OLD);
});

for (const [name, changes, stable] of rows)
  test(`the revision to go back to: ${name}`, () => assert.equal(after(changes), stable));
