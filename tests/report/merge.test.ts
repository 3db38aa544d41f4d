import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { runCommand } from '@deploy/cli';
import { joinEvidence, joinEvidenceByUrl, readReport } from '@deploy/report';
import { gitIn, testGitEnvironment } from '../support/git.ts';
import { type TestCheckout, testCheckout } from './support/checkout.ts';
import { deployedReport, joinRequest, notes, serviceUrl, shifted, smokeOutcome } from './support/rollout.ts';

const anotherSecond = (): Promise<void> => pause(1001 - (Date.now() % 1000));

type Branch = { name: string; change(path: string): Promise<void> };

/** A checkout in which two branches changed one report and were merged, with the merge's exit code. */
async function merged(
  checkout: TestCheckout,
  branches: readonly [Branch, Branch],
  strategy: readonly string[] = [],
) {
  const git = (...args: string[]) => gitIn(checkout.root, ...args);
  const path = await deployedReport(checkout);
  await writeFile(join(checkout.root, '.gitattributes'), strategy.join('\n'));
  const commit = async (message: string) => {
    await git('add', '-A');
    await git('commit', '-q', '-m', message);
  };
  await commit('deployed');
  await git('branch', '-m', 'base');
  for (const { name, change } of branches) {
    await git('checkout', '-q', '-b', name, 'base');
    await change(path);
    await commit(name);
  }
  const { exitCode } = await runCommand(['git', 'merge', '-q', '--no-edit', branches[0].name], {
    cwd: checkout.root,
    env: testGitEnvironment(),
  });
  return { path, exitCode };
}

async function add(checkout: TestCheckout, who: string, own: string): Promise<void> {
  const evidence = await joinEvidenceByUrl(joinRequest(checkout, { account: async () => who }));
  await evidence.record({
    kind: 'smoked',
    outcome: { ...smokeOutcome('control'), baseUrl: `${serviceUrl}/${who}` },
  });
  const { path = '' } = evidence;
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('## Rollback\n', `${own}\n\n## Rollback\n`));
}

describe('a report that two branches changed', () => {
  test('merges by itself when one of them only took notes', async () => {
    await using checkout = await testCheckout();
    const { path, exitCode } = await merged(checkout, [
      {
        name: 'notes',
        change: async (file) => writeFile(file, `${await readFile(file, 'utf8')}\nSeen by bob.\n`),
      },
      { name: 'smoke', change: () => add(checkout, 'alice', 'Written by alice.') },
    ]);
    assert.equal(exitCode, 0);
    const evidence = await joinEvidence(joinRequest(checkout));
    await evidence.record(shifted(0, 5));
    const text = await readFile(path, 'utf8');
    assert.match(text, /\nSeen by bob\.\n$/);
    assert.match(text, /\nWritten by alice\.\n/);
    const { record } = await readReport(path);
    assert.deepEqual([record.smokes.length, record.trafficChanges.length], [1, 1]);
  });

  test('is left alone while its conflict is unresolved', async () => {
    await using checkout = await testCheckout();
    const { path, exitCode } = await merged(checkout, [
      { name: 'one', change: () => add(checkout, 'alice', 'Written by alice.') },
      { name: 'two', change: () => add(checkout, 'bob', 'Written by bob.') },
    ]);
    assert.equal(exitCode, 1);
    const conflicted = await readFile(path, 'utf8');
    assert.match(conflicted, /^<<<<<<< /m);
    const said = notes();
    const evidence = await joinEvidence(joinRequest(checkout, { note: said.note }));
    await evidence.record(shifted(0, 5));
    assert.equal(await readFile(path, 'utf8'), conflicted);
    assert.match(said.lines.join(), /no evidence is written: .* a merge left a conflict in line \d+/);
  });

  test('goes on with what both wrote when the merge takes the lines of both', async () => {
    await using checkout = await testCheckout();
    const smoked = async (...names: string[]) => {
      for (const who of names) {
        // What was made in another second is another line of the report, also in what it keeps of its own lines.
        await anotherSecond();
        await add(checkout, who, `Written by ${who}.`);
      }
    };
    const { path, exitCode } = await merged(
      checkout,
      [
        { name: 'one', change: () => smoked('alice', 'carol') },
        { name: 'two', change: () => smoked('bob') },
      ],
      ['*.md merge=union'],
    );
    assert.equal(exitCode, 0);
    const evidence = await joinEvidence(joinRequest(checkout));
    await evidence.record(shifted(0, 5));
    const text = await readFile(path, 'utf8');
    for (const who of ['alice', 'bob', 'carol']) assert.ok(text.includes(`\nWritten by ${who}.\n`), text);
    const { record } = await readReport(path);
    assert.deepEqual(record.smokes.map(({ actor }) => actor).sort(), ['alice', 'bob', 'carol']);
    assert.deepEqual(
      text.split('\n').filter((line) => line.startsWith('## ')),
      [...new Set(text.split('\n').filter((line) => line.startsWith('## ')))],
    );
    assert.doesNotMatch(text, /against `[^`]+` \*\*passed\*\*:\n+[^\n|]/, 'no line is left over from before');
  });

  test('has the steps and the shifts of both then, which stand in lists beside each other', async () => {
    await using checkout = await testCheckout();
    const shift = async (who: string) => {
      const evidence = await joinEvidence(joinRequest(checkout, { account: async () => who }));
      await evidence.step(`shift by ${who}`, () => evidence.record(shifted(0, 5)));
    };
    const { path, exitCode } = await merged(
      checkout,
      [
        { name: 'one', change: () => shift('alice') },
        { name: 'two', change: () => anotherSecond().then(() => shift('bob')) },
      ],
      ['*.md merge=union'],
    );
    assert.equal(exitCode, 0);
    const { record } = await readReport(path);
    const steps = record.steps.map(({ name }) => name).filter((name) => name.startsWith('shift by '));
    assert.deepEqual(steps.sort(), ['shift by alice', 'shift by bob']);
    assert.deepEqual(record.trafficChanges.map(({ actor }) => actor).sort(), ['alice', 'bob']);
  });
});

test('a report that one branch renamed with git and another added to goes on under its new name, with all of it', async () => {
  await using checkout = await testCheckout();
  const evidenceReport = join(checkout.root, 'service/docs/rollout-of-the-12th.md');
  const { path, exitCode } = await merged(checkout, [
    { name: 'smoke', change: () => add(checkout, 'alice', 'Written by alice.') },
    {
      name: 'rename',
      change: async (file) => void (await gitIn(checkout.root, 'mv', file, evidenceReport)),
    },
  ]);
  assert.equal(exitCode, 0);
  assert.equal(existsSync(path), false);
  const evidence = await joinEvidence(joinRequest(checkout, { evidenceReport }));
  await evidence.record(shifted(0, 5));
  const { record } = await readReport(evidenceReport);
  assert.deepEqual([record.smokes.length, record.trafficChanges.length], [1, 1]);
  assert.match(await readFile(evidenceReport, 'utf8'), /\nWritten by alice\.\n/);
});

test('a report that was renamed goes on under its new name', async () => {
  await using checkout = await testCheckout();
  const path = await deployedReport(checkout);
  const evidenceReport = join(checkout.root, 'rollout-of-the-12th.md');
  await rename(path, evidenceReport);
  const evidence = await joinEvidence(joinRequest(checkout, { evidenceReport }));
  await evidence.record(shifted(0, 5));
  assert.equal((await readReport(evidenceReport)).record.trafficChanges.length, 1);
});
