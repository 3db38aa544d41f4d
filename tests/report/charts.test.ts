import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { nobodysText, writeDocument } from '@deploy/report/document';
import type { ReportRecord } from '@deploy/report/record';
import { without } from '../support/needs.ts';
import { longRollout, minutesOf, promotion } from './long-rollout.ts';
import { type Drawn, drawAsOnGitHub } from './support/as-on-github.ts';

const skip = await without('a headless Chromium');

type Minutes = typeof promotion.minutes;

function document(record: ReportRecord): string {
  return writeDocument({ record, people: nobodysText }, 'report.md').toString();
}

function withMinutes(minutes: Minutes): string {
  return document({ ...longRollout, promotions: [{ ...promotion, minutes }] });
}

const NOTHING = { requests: 0, errors: 0 };

const [first, ...others] = minutesOf(2);
assert.ok(first);

/** A promotion's minutes that could upset a chart. */
const odd: Record<string, Minutes> = {
  'as many minutes as a report keeps': minutesOf(45),
  'a canary without requests': minutesOf(5).map((minute) => ({
    ...minute,
    canary: NOTHING,
  })),
  'stable without requests': minutesOf(5).map(({ stable: _, ...minute }) => minute),
  'nothing but errors': minutesOf(5).map((minute) => ({
    ...minute,
    canary: { ...minute.canary, errors: minute.canary.requests },
  })),
  'a request that took an hour': [
    { ...first, canary: { requests: 1, errors: 1, p95Ms: 3_600_000 } },
    ...others,
  ],
  'steps of one percent': minutesOf(
    1,
    Array.from({ length: 100 }, (_, index) => index + 1),
  ),
};

function requireDrawn(page: Drawn | undefined, atLeast: number): void {
  const charts = page?.charts ?? [];
  assert.ok(charts.length >= atLeast, `${charts.length} charts`);
  for (const { source, error } of charts) assert.equal(error, undefined, `${error}\n${source}`);
}

describe('as GitHub shows it', { skip }, () => {
  const folder = join(import.meta.dirname, 'golden');
  const golden = readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  let pages: Drawn[];
  before(async () => {
    pages = await drawAsOnGitHub([
      golden.join('\n\n'),
      Object.values(odd).map(withMinutes).join('\n\n'),
      document(longRollout),
      '```mermaid\nxychart-beta\n    line [1, two]\n```\n',
    ]);
  });

  test('mermaid draws every chart of the golden reports', () => {
    assert.ok(golden.length >= 3);
    requireDrawn(pages[0], golden.length + 2);
  });

  test('mermaid draws every chart of promotions with odd figures', () => requireDrawn(pages[1], 2 * 6));

  test('a chart that is wrong is noticed', () => {
    assert.match(pages[3]?.charts[0]?.error ?? '', /Parse error/);
  });

  test('a report of 20 smoke runs, a promotion, a window and a matrix fits two screens of 1080 pixels', () => {
    assert.equal(longRollout.smokes.length, 20);
    const { height = 0 } = pages[2] ?? {};
    assert.ok(height > 0 && height <= 2 * 1080, `it is ${height} pixels high`);
  });
});

test('no errors at all are a sentence and not a chart', () => {
  const minutes = minutesOf(5).map(({ stable, canary, ...minute }) => ({
    ...minute,
    ...(stable && { stable: { ...stable, errors: 0 } }),
    canary: { ...canary, errors: 0 },
  }));
  const text = withMinutes(minutes);
  assert.match(text, /In 20 minutes the canary had \d+ requests, and neither revision answered with a 5xx\./);
  assert.doesNotMatch(text, /5xx in % of the requests/);
});

test('a promotion without requests says so, and shows no chart', () => {
  const text = withMinutes(minutesOf(5).map(({ stable: _, ...minute }) => ({ ...minute, canary: NOTHING })));
  assert.match(text, /In 20 minutes the canary had no requests\./);
  assert.doesNotMatch(text, /xychart/);
});

test('a chart has as many values for each revision as there are minutes, and a step shows where it begins', () => {
  const [chart = ''] = /^xychart-beta[^`]*/m.exec(withMinutes(minutesOf(3))) ?? [];
  const lines = [...chart.matchAll(/line \[(.*)\]/g)].map(([, values = '']) => values.split(', '));
  assert.deepEqual(
    lines.map(({ length }) => length),
    [12, 12, 12],
  );
  const top = Number(/0 --> (\d+)/.exec(chart)?.[1]);
  const share = (percent: number) => Array(3).fill(String((percent * top) / 100));
  assert.deepEqual(lines[0], [5, 25, 50, 100].flatMap(share));
});
