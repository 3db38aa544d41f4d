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
