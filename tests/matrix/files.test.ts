import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { commandLine, HERE, Secret } from '@deploy/cli';
import { addVerdict, openResultsFolder, summaryOf } from '@deploy/matrix';
import { type MatrixOutcome, type MatrixResult, overallOf, totalsOf } from '@deploy/matrix/checks';
import type { RolloutEvent } from '@deploy/report';

const AT = '2026-03-01T12:34:56.789Z';
const NASTY = 'got <img src=x> | `code` [link](http://x) *bold* a_b $x$\nsecond\tline';

function outcomeOf(...checks: MatrixResult[]): MatrixOutcome {
  const totals = totalsOf(checks);
  return {
    startedAt: AT,
    // As when the clock was set back meanwhile.
    endedAt: '2026-03-01T12:34:06.789Z',
    durationMs: 10_000,
    overall: overallOf(totals),
    totals,
    environment: { GCP_PROJECT: 'p', STAGING_RUNTIME_BASE_URL: null },
    checks,
  };
}

const made: MatrixResult = {
  id: 'control-prod-smoke',
  required: true,
  description: 'The control service does what it must',
  status: 'failed',
  conclusion: NASTY,
  startedAt: AT,
  durationMs: 1500,
  command: "X='a`b' run",
};
const leftOut: MatrixResult = {
  id: 'cross-surface-contract-harness',
  required: false,
  description: 'The harness',
  status: 'skipped',
  reason: 'RUN_CROSS_SURFACE=0',
};

async function written(outcome: MatrixOutcome): Promise<(name: string) => string> {
  const folder = mkdtempSync(join(tmpdir(), 'matrix-'));
  try {
    const results = await openResultsFolder(folder);
    await results.writeOutcome(outcome);
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
    assert.deepEqual(names, ['SUMMARY.md', 'junit.xml', 'logs', 'results.json', 'results.tsv']);
    const texts = new Map(
      names.flatMap((name) => (name === 'logs' ? [] : [[name, readFileSync(join(folder, name), 'utf8')]])),
    );
    return (name) => texts.get(name) ?? '';
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the files of a run', () => {
  test('are gone as soon as the next run begins in the same folder, so that a killed run has none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'matrix-'));
    try {
      const earlier = await openResultsFolder(folder);
      await earlier.writeLog(made.id, 'a log');
      await earlier.writeOutcome(outcomeOf(made, leftOut));
      writeFileSync(join(folder, 'notes.txt'), 'of a person');
      await openResultsFolder(folder);
      const left = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
      assert.deepEqual(left, ['logs', 'notes.txt']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('SUMMARY.md: nothing that came from outside breaks the table or becomes markup', async () => {
    const file = await written(outcomeOf(made, leftOut));
    const row = file('SUMMARY.md')
      .split('\n')
      .find((line) => line.startsWith('| control-prod-smoke'));
    assert.equal(
      row,
      '| control-prod-smoke | required | failed | The control service does what it must: got &lt;img src=x&gt; \\| \\`code\\` \\[link\\](http://x) \\*bold\\* a_b \\$x\\$ second line | [logs/control-prod-smoke.log](logs/control-prod-smoke.log) |',
    );
    assert.match(file('SUMMARY.md'), /^- STAGING_RUNTIME_BASE_URL=<unset>$/m);
    assert.match(file('SUMMARY.md'), /^- control-prod-smoke: `` X='a`b' run ``$/m);
    assert.match(file('SUMMARY.md'), /^- cross-surface-contract-harness: skipped, RUN_CROSS_SURFACE=0$/m);
    assert.match(file('SUMMARY.md'), /^- Timestamp \(UTC\): 20260301T123456Z$/m);
  });

  test('results.tsv: a row a check, with no tab or line break in a field', async () => {
    const file = await written(outcomeOf({ ...made, command: 'one\ttwo\nthree' }, leftOut));
    const rows = file('results.tsv').trimEnd().split('\n');
    assert.equal(rows.length, 3);
    assert.ok(rows.every((row) => row.split('\t').length === 6));
    assert.ok(rows[1]?.endsWith('\tone two three'));
  });

  test('results.json: durations, conclusions and what was counted', async () => {
    const file = await written(outcomeOf({ ...made, figures: { errorEntries: 3 } }, leftOut));
    const results = JSON.parse(file('results.json'));
    assert.equal(results.durationMs, 10_000);
    assert.deepEqual(results.checks[0].figures, { errorEntries: 3 });
    assert.equal(results.checks[0].log, 'logs/control-prod-smoke.log');
    assert.equal(results.checks[1].reason, 'RUN_CROSS_SURFACE=0');
  });

  test('junit.xml: a failed optional check is no failure', async () => {
    const optional: MatrixResult = { ...made, id: 'cross-surface-contract-harness', required: false };
    const file = await written(outcomeOf(made, optional));
    assert.match(
      file('junit.xml'),
      /<testsuite name="rust-cutover-validation" tests="2" failures="1" skipped="1"/,
    );
    assert.match(file('junit.xml'), /<failure message="got &lt;img src=x/);
    assert.match(file('junit.xml'), /<skipped message="optional: got /);
    assert.match(file('junit.xml'), /<property name="overall" value="failed"\/>/);
  });

  test('a secret that turns up in a conclusion is in none of them', async () => {
    new Secret('hush-*0123456789&');
    const file = await written(outcomeOf({ ...made, conclusion: 'said hush-*0123456789&' }));
    for (const name of ['SUMMARY.md', 'results.json', 'results.tsv', 'junit.xml'])
      assert.doesNotMatch(file(name), /hush/);
    assert.match(file('SUMMARY.md'), /said &lt;redacted&gt;/);
  });

  test('nor in the summary that goes elsewhere', () => {
    new Secret('hush-*0123456789&');
    assert.doesNotMatch(summaryOf(outcomeOf({ ...made, conclusion: 'said hush-*0123456789&' })), /hush/);
  });
});

test('overall: failed when a required check failed or was skipped, whatever the optional ones did', () => {
  const passed: MatrixResult = { ...made, status: 'passed' };
  const overall = (...checks: MatrixResult[]) => outcomeOf(...checks).overall;
  assert.equal(overall(passed, leftOut), 'passed');
  assert.equal(overall(passed, { ...made, required: false }), 'passed');
  assert.equal(overall(passed, made), 'failed');
  assert.equal(overall(passed, { ...leftOut, required: true }), 'failed');
});

describe('what an evidence report is told', () => {
  const told = async (
    outcome: MatrixOutcome,
    { summary = '/checkout/docs/x/SUMMARY.md', isPartial = false },
  ) => {
    const calls: unknown[] = [];
    const evidence = {
      record: async (event: RolloutEvent) => void calls.push('matrix' in event && event.matrix),
    };
    await addVerdict(evidence, outcome, { isPartial, summary, checkoutRoot: '/checkout' });
    return calls;
  };
  const passed: MatrixResult = { ...made, status: 'passed' };

  test('the verdict, and where the summary is when that is in the checkout', async () => {
    const about = { baseUrls: [] };
    assert.deepEqual(await told(outcomeOf(passed), {}), [
      { verdict: 'passed', notMade: 0, summary: 'docs/x/SUMMARY.md', ...about },
    ]);
    assert.deepEqual(await told(outcomeOf(made), { summary: '/elsewhere/SUMMARY.md' }), [
      { verdict: 'failed', notMade: 0, ...about },
    ]);
  });

  test('what was looked at: the control services, by their URLs and by name', async () => {
    const environment = {
      STAGING_CONTROL_BASE_URL: 'https://staging.example.com',
      PROD_CONTROL_BASE_URL: 'https://example.com',
      GCP_PROJECT: 'p',
      GCP_REGION: 'us-central1',
      CONTROL_SERVICE: 'control',
    };
    assert.deepEqual(
      await told({ ...outcomeOf(passed), environment }, { summary: '/elsewhere/SUMMARY.md' }),
      [
        {
          verdict: 'passed',
          notMade: 0,
          baseUrls: ['https://staging.example.com', 'https://example.com'],
          service: { project: 'p', region: 'us-central1', service: 'control' },
        },
      ],
    );
  });

  test('that a run which was cut short found no failure, and is incomplete', async () => {
    const interrupted: MatrixResult = { ...leftOut, required: true, reason: 'interrupted by SIGINT' };
    const [matrix] = await told(outcomeOf(passed, interrupted, interrupted), {});
    assert.partialDeepStrictEqual(matrix, { verdict: 'incomplete', notMade: 2 });
  });

  test('of a run of some checks only what failed', async () => {
    const others: MatrixResult = { ...leftOut, required: true };
    assert.deepEqual(await told(outcomeOf(passed, others), { isPartial: true }), []);
    assert.equal((await told(outcomeOf(made, others), { isPartial: true })).length, 1);
  });
});

describe('a command as it is typed', () => {
  test('is quoted for a POSIX shell, and leaves out what is unset', () => {
    assert.equal(
      commandLine(
        [
          ['PLAIN', 'https://x.example.com/a,b'],
          ['UNSET', undefined],
          ['HARD', `it's $HOME`],
          ['EMPTY', ''],
          ['ROOT', HERE],
        ],
        ['run', 'two words'],
      ),
      `PLAIN=https://x.example.com/a,b HARD='it'\\''s $HOME' EMPTY='' ROOT="$PWD" run 'two words'`,
    );
  });

  test("quotes the mark in a secret's place, which would be a redirection", () => {
    assert.equal(commandLine([['TOKEN', new Secret('abcdefgh')]], ['run']), `TOKEN='<redacted>' run`);
  });
});
