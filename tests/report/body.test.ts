import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ReportRecord } from '@deploy/report';
import { lint } from 'markdownlint/promise';
import { nobodysText, writeDocument } from '../../packages/report/src/document/write.ts';
import { sampleRecord } from './sample-record.ts';

const golden = join(import.meta.dirname, 'golden/rollout-and-back.md');

const {
  domainMapping: _,
  gates: __,
  matrices: ___,
  trafficBefore: ____,
  stable: ______,
  account: _____,
  ...required
} = sampleRecord;

const { stable: _______, ...withoutStable } = sampleRecord;

const records: Record<string, ReportRecord> = {
  'a rollout and back': sampleRecord,
  'a deployment that was killed as it began': {
    ...required,
    state: 'started',
    checkout: {},
    revisions: {},
    steps: [],
    trafficChanges: [],
    smokes: [],
    maintenance: [],
    baseUrls: [],
  },
  'a deployment without gates of a service with even traffic': {
    ...withoutStable,
    gates: { extent: 'skipped', results: [] },
    trafficChanges: [],
    trafficBefore: [
      { revision: 'a', percent: 50 },
      { revision: 'b', percent: 50 },
    ],
  },
};

function document(record: ReportRecord): string {
  return writeDocument({ record, people: nobodysText }, 'report.md').toString();
}

test('a report reads as the golden file does, to the letter', () => {
  assert.equal(document(sampleRecord), readFileSync(golden, 'utf8'));
});

describe('a report is clean to markdownlint with its default rules', () => {
  for (const [name, record] of Object.entries(records)) {
    test(name, async () => {
      assert.deepEqual((await lint({ strings: { report: document(record) } })).report, []);
    });
  }

  test('which do look at it', async () => {
    const strings = { report: `${document(sampleRecord)}\n\n### Notes\ntext ` };
    assert.notDeepEqual((await lint({ strings })).report, []);
  });
});

test('the answer comes first, then what the runbook requires, in its order', () => {
  const lines = document(sampleRecord)
    .split('\n')
    .filter((line) => line !== '');
  assert.match(lines[1] ?? '', /^# Rollout of /);
  assert.deepEqual(lines.slice(2, 4), [
    'Verdict: **no-go**',
    '- openagents-control-service-staging-00042-def was rolled back',
  ]);
  const headings = [...document(sampleRecord).matchAll(/^## (.*)$/gm)].map((match) => match[1]);
  assert.deepEqual(headings.slice(0, 4), [
    'Image and revisions',
    'Traffic split',
    'Smoke checks',
    'Rollback',
  ]);
  assert.equal(headings.at(-1), 'Notes');
});

test('a killed deployment says that it has no rollback command yet, and why', () => {
  const text = document(records['a deployment that was killed as it began'] ?? sampleRecord);
  assert.match(text, /Stable revision: not known/);
  assert.doesNotMatch(text, /canary-rollout\.ts rollback/);
});

test('of two revisions that shared the traffic neither is called stable, and the command brings the split back', () => {
  const text = document(records['a deployment without gates of a service with even traffic'] ?? sampleRecord);
  assert.match(text, /Stable revision: unclear, since traffic was split before: a 50 %, b 50 %/);
  assert.match(text, /canary-rollout\.ts set-traffic a b 50$/m);
});
