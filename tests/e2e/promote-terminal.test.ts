import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { cloudEnv } from '../support/cloud.ts';
import { without } from '../support/needs.ts';
import { runOnTerminal } from '../support/on-terminal.ts';
import { cloudWithCandidate } from '../support/promotion.ts';

test('on a terminal of 80 columns a promotion is one table, redrawn in place, and fits', {
  skip: await without('a pseudo-terminal'),
}, async () => {
  await using cloud = await cloudWithCandidate();
  const env = {
    ...cloudEnv(cloud),
    CANARY_STEPS: '25,100',
    CANARY_WINDOW: '2m',
    CANARY_MIN_REQUESTS: '20',
    CANARY_POLL_SECONDS: '1.2',
    CANARY_SOURCE: 'logs',
    EVIDENCE_REPORT: 'none',
  };
  const command = [process.execPath, 'scripts/canary-rollout.ts', 'promote'];
  const { exitCode, shown } = await runOnTerminal(command, env, undefined, 80);
  assert.equal(exitCode, 0, shown);
  const tables = shown.split('steps   ').slice(1);
  assert.ok(tables.length > 3, shown);
  assert.match(stripVTControlCharacters(tables[0] ?? ''), /^\[25 %\] {2}100 %\r?\n/);
  assert.match(stripVTControlCharacters(tables.at(-1) ?? ''), /^25 % ok {2}\[100 %\]/);
  // Each is drawn over the one before, and is wiped before anybody else writes, from the first column on: the
  // terminal's ^C stands there when a promotion is stopped. A reason takes as many lines as it needs.
  const up = new RegExp(`\\r${String.fromCharCode(27)}\\[(?:[89]|1\\d)A`, 'g');
  assert.equal([...shown.matchAll(up)].length, tables.length);
  for (const table of tables) {
    const lines = stripVTControlCharacters(`steps   ${table}`).split(/\r?\n/).slice(0, 10);
    assert.match(
      lines.join('\n'),
      /^window {2}.*\n.*requests.*errors.*p95\n {2}stable .*\n {2}canary .*\nevidence /m,
    );
    for (const line of lines) assert.ok(line.length < 80, line);
  }
});
