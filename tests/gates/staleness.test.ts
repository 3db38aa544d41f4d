import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { GateEvidence } from '../../packages/gates/src/evidence.ts';
import { contentAt } from '../../packages/gates/src/inputs/tree.ts';
import { whyNotUsed } from '../../packages/gates/src/staleness.ts';

const DAY_MS = 86_400_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

const EVIDENCE: GateEvidence = {
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

function why(evidence: Partial<GateEvidence> | undefined, more: { root?: string; maxAgeMs?: number } = {}) {
  return whyNotUsed(evidence && { ...EVIDENCE, ...evidence }, {
    fingerprint: 'of-these-inputs',
    root: tmpdir(),
    gateEnv: { SEEN: 'one' },
    maxAgeMs: 7 * DAY_MS,
    ...more,
  });
}

describe('a cached verdict', () => {
  test('is used when all of it holds', async () => assert.equal(await why({}), undefined));

  const rows: [string, Partial<GateEvidence> | undefined, RegExp][] = [
    ['without evidence', undefined, /^its evidence is missing/],
    ['with evidence for other inputs', { fingerprint: 'of-others' }, /^its evidence is for other inputs$/],
    ['that was good for one run only', { kept: false }, /^something changed while it was established$/],
    ['as old as GATES_MAX_AGE', { establishedAt: ago(7 * DAY_MS) }, /older than GATES_MAX_AGE allows$/],
    ['from tomorrow', { establishedAt: ago(-DAY_MS) }, /^it is dated in the future/],
    ['that read a variable of another value', { alsoRead: { 'variable SEEN': 'unset' } }, /variable SEEN$/],
    ['that read a file that is gone', { alsoRead: { 'no/such/file': 'file 1' } }, /no\/such\/file$/],
  ];
  for (const [what, evidence, reason] of rows)
    test(`${what} is not used`, async () => assert.match((await why(evidence)) ?? '', reason));

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
