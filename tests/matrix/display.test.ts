import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type Output, projectRoot } from '@deploy/cli';
import { type CheckId, frame, linesDisplay, type MatrixResult } from '@deploy/matrix/checks';
import { type MatrixWorld, matrixWorld } from '../support/matrix.ts';
import { without } from '../support/needs.ts';
import { COMPILE_CACHE } from '../support/run-script.ts';

const IDS = ['control-staging-health', 'control-staging-smoke', 'runtime-migration-drift'] as const;

function ended(id: CheckId): MatrixResult {
  return {
    id,
    required: true,
    description: '',
    status: 'passed',
    conclusion: '',
    startedAt: '2026-03-01T00:00:00Z',
    durationMs: 2340,
    command: '',
  };
}

test('lines come in order, each as soon as its turn has come', () => {
  const lines: string[] = [];
  const out: Output = { data: (line) => void lines.push(line), note() {}, verbatim() {} };
  const display = linesDisplay(IDS, { out });
  display.ended(ended('control-staging-smoke'));
  assert.deepEqual(lines, []);
  display.ended(ended('control-staging-health'));
  assert.deepEqual(lines, [
    '[passed] control-staging-health (required)',
    '[passed] control-staging-smoke (required)',
  ]);
  display.ended(ended('runtime-migration-drift'));
  assert.equal(lines.length, 3);
});

test('whoever watches sees why a check failed or was skipped, below its line; a pipe gets only the line', () => {
  const skipped: MatrixResult = {
    ...{ id: 'runtime-staging-smoke', required: true, description: '' },
    ...{ status: 'skipped', reason: 'STAGING_RUNTIME_BASE_URL is unset' },
  };
  const failed: MatrixResult = {
    ...{ id: 'control-staging-health', required: true, description: '', command: '' },
    ...{ status: 'failed', conclusion: '/readyz: 503', startedAt: '2026-03-01T00:00:00Z', durationMs: 2340 },
  };
  const shown = (explains: boolean) => {
    const lines: string[] = [];
    const out: Output = {
      data: (line) => void lines.push(line),
      note: (line) => void lines.push(`note: ${line}`),
      verbatim: (line) => void lines.push(line),
    };
    const display = linesDisplay([failed.id, skipped.id], { out, explains });
    for (const result of [failed, skipped]) display.ended(result);
    return lines;
  };
  const data = ['[failed] control-staging-health (required)', '[skipped] runtime-staging-smoke (required)'];
  assert.deepEqual(shown(false), data);
  assert.deepEqual(shown(true), [
    ...[data[0], 'note:   /readyz: 503'],
    ...[data[1], 'note:   STAGING_RUNTIME_BASE_URL is unset'],
  ]);
});

test('a frame of the live table tells for each check how it stands, and for how long', () => {
  const text = frame(
    IDS.map((id) => ({ id, required: id !== 'runtime-migration-drift' })),
    {
      startedAt: new Map<CheckId, number>([
        ['control-staging-health', 1000],
        ['control-staging-smoke', 1500],
      ]),
      results: new Map([['control-staging-health', ended('control-staging-health')]]),
      now: 4600,
    },
  );
  assert.equal(
    text,
    [
      '[passed] control-staging-health (required)    2.3 s',
      '[running] control-staging-smoke (required)    3.1 s',
      '[waiting] runtime-migration-drift (optional)',
    ].join('\n'),
  );
});

const onTerminal = { skip: await without('a pseudo-terminal') };

/** Runs a matrix on a terminal of its own. */
function runOnTerminal(world: MatrixWorld) {
  const command = `stty rows 40 cols 120; exec '${process.execPath}' '${COMPILE_CACHE.join("' '")}' scripts/validate-rust-cutover.ts`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: projectRoot,
    env: {
      ...world.env,
      // For a stand-in that waits for this file.
      GO_ON: join(world.folder, 'go-on'),
      HOME: process.env.HOME,
      TERM: 'xterm',
      PATH: [world.tools.folder, process.env.PATH].join(':'),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    ended,
    type: (keys: string) => child.stdin.write(keys),
    raw: () => screen,
    // The live table has no line break at its end: erasing its lines is what sets it apart from what follows.
    text: () => stripVTControlCharacters(screen.replaceAll('\u001b[0K', '\n')).replaceAll('\r', ''),
    async shows(wanted: string): Promise<void> {
      while (!screen.includes(wanted)) await once(child.stdout, 'data');
    },
  };
}

test('on a terminal the table is live, and what stays is the lines a pipe gets', onTerminal, async () => {
  await using world = await matrixWorld({ cargo: 'while [ ! -e "$GO_ON" ]; do sleep 0.1; done' });
  const terminal = runOnTerminal(world);
  await terminal.shows('[running] runtime-staging-smoke');
  await writeFile(join(world.folder, 'go-on'), '');
  assert.equal(await terminal.ended, 0, terminal.text());
  assert.ok(terminal.raw().includes('\u001b['), 'the table is drawn over');
  const text = terminal.text();
  assert.match(text, /\[running\] runtime-staging-smoke \(required\)/);
  assert.match(text, /\[waiting\] khala-contract-tests \(required\)/);
  const lines = text.trimEnd().split('\n');
  const summary = lines.findLastIndex((line) => line.startsWith('[matrix] summary: '));
  const last = lines.slice(summary - 13);
  assert.ok(
    last.slice(0, 12).every((line) => /^\[passed\] [a-z-]+ \((?:required|optional)\)$/.test(line)),
    text,
  );
  assert.equal(last[13], `[matrix] summary: ${join(world.folder, 'SUMMARY.md')}`);
});

test('Ctrl-C on a terminal ends the run, and what it came to is written', onTerminal, async () => {
  await using world = await matrixWorld({ cargo: 'sleep 600' });
  const terminal = runOnTerminal(world);
  await terminal.shows('[running] runtime-staging-smoke');
  terminal.type('\u0003');
  assert.equal(await terminal.ended, 1, terminal.text());
  assert.match(terminal.text(), /^\[skipped\] runtime-staging-smoke \(required\)$/m);
  assert.match(world.read('results.tsv'), /^khala-contract-tests\t.*\tinterrupted by SIGINT$/m);
});
