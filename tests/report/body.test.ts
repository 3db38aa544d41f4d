import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { nobodysText, writeDocument } from '@deploy/report/document';
import type { ReportRecord } from '@deploy/report/record';
import { lint } from 'markdownlint/promise';
import { longRollout } from './long-rollout.ts';
import { sampleRecord } from './sample-record.ts';

const goldens = { 'rollout-and-back': sampleRecord, 'long-rollout': longRollout };

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
  'a long rollout': longRollout,
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

test('a report that is written again in between other reports is the same to the letter', () => {
  const [first, other] = Object.values(goldens).map(document);
  const moved = { ...sampleRecord, service: `${sampleRecord.service}-2` };
  assert.notEqual(document(moved), first);
  assert.equal(document(sampleRecord), first);
  assert.equal(document(longRollout), other);
});

for (const [name, record] of Object.entries(goldens)) {
  test(`the report ${name} reads as its golden file does, to the letter`, () => {
    const golden = join(import.meta.dirname, `golden/${name}.md`);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, document(record));
    assert.equal(document(record), readFileSync(golden, 'utf8'));
  });
}

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
  assert.match(lines[2] ?? '', /^Verdict: \*\*no-go\*\*\. /);
  assert.equal(lines[3], '- openagents-control-service-staging-00042-def was rolled back');
  const headings = [...document(sampleRecord).matchAll(/^## (.*)$/gm)].map((match) => match[1]);
  assert.deepEqual(headings.slice(0, 4), [
    'Image and revisions',
    'Traffic split',
    'Smoke checks',
    'Rollback',
  ]);
  assert.deepEqual(headings.slice(4), [
    'Verification gates',
    'Steps',
    'Maintenance window',
    'Validation matrix',
    'Who and where',
    'Notes',
  ]);
});

test('passed smoke runs are a line each with their checks folded, failed ones are open, and the data is folded', () => {
  const text = document(sampleRecord);
  const open = text.replace(/<details>[\s\S]*?<\/details>/g, '');
  assert.match(open, /^- 2026-02-12 17:03:00 UTC: health \*\*passed\*\*/m);
  assert.match(open, /^- 2026-02-13 08:30:00 UTC: control \*\*failed\*\*, answered by 00041-abc, /m);
  assert.match(open, /^\| manifest \| failed \|/m);
  assert.doesNotMatch(open, /\| healthz \|/);
  assert.match(text, /\| healthz \| passed \|/);
  assert.doesNotMatch(open, /yaml staging-deploy-report/);
});

test('of many smoke runs those that count are lines, the others wait in the fold', () => {
  const text = document(longRollout);
  const open = text.replace(/<details>[\s\S]*?<\/details>/g, '');
  assert.equal([...open.matchAll(/^- .* UTC: (?:health|control) \*\*passed/gm)].length, 4);
  assert.match(text, /<summary>Checks of the runs that passed, and 14 more runs that passed<\/summary>/);
  assert.match(text, /\*\*passed\*\*, answered by 00042-def, `https:\/\/candidate---/);
  assert.match(text, /\*\*passed\*\*, answered by one of 00041-abc 95 %, 00042-def 5 %, `https:\/\/control-/);
  const [change] = longRollout.trafficChanges;
  assert.ok(change);
  const later = { ...change, at: '2026-02-12T19:00:00.000Z' };
  const shifted = document({ ...longRollout, trafficChanges: [...longRollout.trafficChanges, later] });
  assert.match(
    shifted,
    /^None since the last traffic change\.\n\n<details>\n<summary>18 more runs that passed<\/summary>/m,
  );
});

test('gates that did not all pass, and steps that were not done, are open', () => {
  assert.match(document(sampleRecord), /<details open>\n<summary>Steps: 4 steps, 2 not done<\/summary>/);
  const gates = { extent: 'all', results: [{ gate: 'cargo-test', verdict: 'failed' }] } as const;
  const failed = document({ ...longRollout, gates: { ...gates, results: [...gates.results] } });
  assert.match(failed, /^## Verification gates\n\nAll of .*\n\n\| Gate/m);
  assert.match(failed, /(?<!<details>\n<summary>.*\n\n)^## Verification gates/m);
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
