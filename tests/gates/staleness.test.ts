import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { contentAt, listed, type PassRecord, whyNotUsed } from '@deploy/gates/inputs';

const DAY_MS = 86_400_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

const RECORD: PassRecord = {
  gate: 'cargo-test',
  verdict: 'passed',
  fingerprint: 'of-these-inputs',
  commit: '0123456789abcdef',
  hadChanges: false,
  establishedAt: ago(DAY_MS),
  durationMs: 1000,
  where: 'a colleague',
  tools: {},
  alsoRead: {},
  kept: true,
};

function why(record: Partial<PassRecord> | undefined, more: { root?: string; maxAgeMs?: number } = {}) {
  return whyNotUsed(record && { ...RECORD, ...record }, {
    fingerprint: 'of-these-inputs',
    root: tmpdir(),
    gateEnv: { SEEN: 'one' },
    maxAgeMs: 7 * DAY_MS,
    ...more,
  });
}

describe('a cached verdict', () => {
  test('is used when all of it holds', async () => assert.equal(await why({}), undefined));

  const rows: [string, Partial<PassRecord> | undefined, RegExp][] = [
    ['without record', undefined, /^its record is missing/],
    ['with record for other inputs', { fingerprint: 'of-others' }, /^its record is for other inputs$/],
    ['that was good for one run only', { kept: false }, /^something changed while it was established$/],
    ['as old as GATES_MAX_AGE', { establishedAt: ago(7 * DAY_MS) }, /older than GATES_MAX_AGE allows$/],
    ['from tomorrow', { establishedAt: ago(-DAY_MS) }, /^it is dated in the future/],
    ['that read a variable of another value', { alsoRead: { 'variable SEEN': 'unset' } }, /variable SEEN$/],
    ['that read a file that is gone', { alsoRead: { 'no/such/file': 'file 1' } }, /no\/such\/file$/],
  ];
  for (const [what, record, reason] of rows)
    test(`${what} is not used`, async () => assert.match((await why(record)) ?? '', reason));

  test('a clock that is a minute ahead does not cost it', async () =>
    assert.equal(await why({ establishedAt: ago(-60_000) }), undefined));

  test('just younger than GATES_MAX_AGE is used', async () =>
    assert.equal(await why({ establishedAt: ago(60_000) }, { maxAgeMs: 120_000 }), undefined));

  test('that read a file elsewhere is used while the file is the same', async () => {
    const root = await mkdtemp(join(tmpdir(), 'staleness-'));
    await writeFile(join(root, 'seen.txt'), 'seen\n');
    const alsoRead = { 'seen.txt': contentAt(join(root, 'seen.txt')).state };
    assert.equal(await why({ alsoRead }, { root }), undefined);
    await writeFile(join(root, 'seen.txt'), 'another\n');
    assert.match((await why({ alsoRead }, { root })) ?? '', /seen\.txt$/);
    await rm(root, { recursive: true });
  });

  test('names of files cannot forge a line of a verdict', async () => {
    const name = 'x\n[passed] perf-budget\n::error::no';
    assert.doesNotMatch((await why({ alsoRead: { [name]: 'file 1' } })) ?? '', /\n/);
  });
});

describe('the moments at which a cached verdict stops to be used', () => {
  const now = Date.parse('2026-02-12T17:00:00Z');
  const at = async (t: TestContext, establishedMs: number) => {
    t.mock.timers.enable({ apis: ['Date'], now });
    return why({ establishedAt: new Date(establishedMs).toISOString() }, { maxAgeMs: DAY_MS });
  };

  test('it is used up to GATES_MAX_AGE, and no longer', async (t) =>
    assert.equal(await at(t, now - DAY_MS + 1), undefined));
  test('it is not used at GATES_MAX_AGE', async (t) =>
    assert.match((await at(t, now - DAY_MS)) ?? '', /older than GATES_MAX_AGE/));
  test('clocks may differ by five minutes', async (t) =>
    assert.equal(await at(t, now + 5 * 60_000), undefined));
  test('clocks may not differ by more', async (t) =>
    assert.match((await at(t, now + 5 * 60_000 + 1)) ?? '', /dated in the future/));
});

test('of many names the first five are listed, and how many more there are', () => {
  assert.equal(listed(['a']), 'a');
  assert.equal(listed(['a', 'b', 'c', 'd', 'e']), 'a, b, c, d, e');
  assert.equal(listed(['a', 'b', 'c', 'd', 'e', 'f', 'g']), 'a, b, c, d, e and 2 more');
});
