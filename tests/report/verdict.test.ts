import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReportRecord } from '@deploy/report';
import { verdictOf } from '../../packages/report/src/record/verdict.ts';
import { sampleRecord } from './sample-record.ts';

const { before: OLD = '', after: NEW = '' } = sampleRecord.revisions;
const SERVICE_URL = 'https://control-abc.a.run.app';
const DOMAIN = 'https://staging.openagents.com';
const TAG_URL = 'https://canary---control-abc.a.run.app';

type Smoke = ReportRecord['smokes'][number];

/** A rollout that came to its end, in which nothing is missing but the smoke runs. */
function promoted(smokes: Smoke[], changes: Partial<ReportRecord> = {}): ReportRecord {
  return {
    ...sampleRecord,
    steps: [],
    maintenance: [],
    trafficChanges: [
      {
        at: '2026-02-12T17:05:00.000Z',
        actor: 'alice@example.com',
        before: [{ revision: OLD, percent: 100 }],
        after: [{ revision: NEW, percent: 100 }],
      },
    ],
    smokes,
    ...changes,
  };
}

let minute = 0;

function smoke(suite: 'health' | 'control', baseUrl: string, state: Smoke['state'] = 'passed'): Smoke {
  minute += 1;
  const at = new Date(Date.parse('2026-02-12T18:00:00Z') + minute * 60_000).toISOString();
  return { at, actor: 'bob', suite, baseUrl, state, durationMs: 5, checks: [] };
}

describe('the smoke runs that count', () => {
  const health = smoke('health', DOMAIN);
  const rows: [string, Smoke[], string][] = [
    ['both suites at the domain', [health, smoke('control', DOMAIN)], 'go'],
    [
      'both suites at the URL of the service',
      [smoke('health', SERVICE_URL), smoke('control', SERVICE_URL)],
      'go',
    ],
    ['spelled with a slash and in upper case', [health, smoke('control', `${DOMAIN.toUpperCase()}/`)], 'go'],
    ['a pass at the URL of a tag alone', [health, smoke('control', TAG_URL)], 'undecided'],
    [
      'a pass at a URL of something else',
      [health, smoke('control', 'https://other.example.com')],
      'undecided',
    ],
    [
      'a failure at the URL of a tag',
      [health, smoke('control', DOMAIN), smoke('control', TAG_URL, 'failed')],
      'go',
    ],
    [
      'a failure at the domain, then a pass at the URL of the service',
      [health, smoke('control', DOMAIN, 'failed'), smoke('control', SERVICE_URL)],
      'no-go',
    ],
    [
      'a failure, then a pass at the same URL',
      [health, smoke('control', DOMAIN, 'failed'), smoke('control', DOMAIN)],
      'go',
    ],
    [
      'a pass, then a failure at the same URL',
      [health, smoke('control', DOMAIN), smoke('control', DOMAIN, 'failed')],
      'no-go',
    ],
  ];
  for (const [name, smokes, verdict] of rows) {
    test(`${name}: ${verdict}`, () => assert.equal(verdictOf(promoted(smokes)).verdict, verdict));
  }

  test('a report of the earlier version lists URLs of tags among the others: they do not count there either', () => {
    const { tagUrls: _, ...rest } = promoted([health, smoke('control', TAG_URL)]);
    const record = { ...rest, baseUrls: [DOMAIN, TAG_URL] };
    assert.equal(verdictOf(record).verdict, 'undecided');
    assert.equal(verdictOf({ ...record, smokes: [health, smoke('control', DOMAIN)] }).verdict, 'go');
  });
});

describe('the split that a smoke run was made on', () => {
  const changedAt = '2026-02-12T17:05:00.000Z';
  const early = { at: '2026-02-12T03:00:00.000Z', metChange: changedAt };
  const late = { at: '2026-02-12T23:00:00.000Z', metChange: 'start' };

  test('is told by the order of events, not by the clocks of two machines', () => {
    const runs = [smoke('health', DOMAIN), smoke('control', DOMAIN)];
    const made = (on: typeof early) => verdictOf(promoted(runs.map((run) => ({ ...run, ...on })))).verdict;
    assert.equal(made(early), 'go', 'by a clock that is hours slow');
    assert.equal(made(late), 'undecided', 'before the shift, by a clock that is hours fast');
  });
});

test('a control smoke without an access token says what it did not check', () => {
  const session = { id: 'auth-session', state: 'passed' } as const;
  const reasons = (checks: Smoke['checks']) =>
    verdictOf(promoted([smoke('health', DOMAIN), { ...smoke('control', DOMAIN), checks }])).reasons.join();
  assert.match(
    reasons([]),
    /control smoke of https:\/\/staging.openagents.com passed, without an access token/,
  );
  assert.doesNotMatch(reasons([session]), /access token/);
});

describe('the validation matrix', () => {
  const smokes = [smoke('health', DOMAIN), smoke('control', DOMAIN)];
  const at = '2026-02-12T19:00:00.000Z';
  const service = {
    project: sampleRecord.project,
    region: sampleRecord.region,
    service: sampleRecord.service,
  };
  const other = { ...service, service: 'another' };
  type Matrix = NonNullable<ReportRecord['matrices']>[number];
  const about = (verdict: Matrix['verdict']): Matrix => ({ at, verdict, baseUrls: [DOMAIN], service: other });
  const elsewhere: Matrix = { ...about('failed'), baseUrls: ['https://other.example.com'] };
  const rows: [string, Matrix[], string][] = [
    ['passed', [about('passed')], 'go'],
    ['failed', [about('failed')], 'no-go'],
    ['interrupted after one that passed', [about('passed'), about('incomplete')], 'go'],
    ['interrupted after one that failed', [about('failed'), about('incomplete')], 'no-go'],
    ['interrupted, and no other', [about('incomplete')], 'undecided'],
    ['failed at the URLs of other services', [about('passed'), elsewhere], 'go'],
    ['failed where it looked at the traffic of this service', [{ ...elsewhere, service }], 'no-go'],
    ['failed, written down by the earlier version', [{ at, verdict: 'failed' }], 'no-go'],
  ];
  for (const [name, matrices, verdict] of rows) {
    test(`${name}: ${verdict}`, () =>
      assert.equal(verdictOf(promoted(smokes, { matrices })).verdict, verdict));
  }
});

describe('a revision that lost its traffic', () => {
  const smokes = [smoke('health', DOMAIN), smoke('control', DOMAIN)];
  const lost = (byWindow: boolean): ReportRecord['trafficChanges'] => [
    {
      at: '2026-02-12T20:00:00.000Z',
      actor: 'alice@example.com',
      before: [{ revision: NEW, percent: 100 }],
      after: [{ revision: 'control-00043-xyz', percent: 100 }],
      ...(byWindow ? { byWindow } : {}),
    },
  ];
  const told = (byWindow: boolean) => verdictOf(promoted(smokes, { trafficChanges: lost(byWindow) }));

  test('was rolled back when somebody shifted it away', () => {
    assert.equal(told(false).verdict, 'no-go');
    assert.match(told(false).reasons.join(), /was rolled back/);
  });

  test('was not when a maintenance window moved it', () => {
    assert.equal(told(true).verdict, 'undecided');
    assert.match(told(true).reasons.join(), /no traffic since a maintenance window moved it/);
  });
});
