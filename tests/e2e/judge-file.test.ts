import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { projectRoot } from '@deploy/cli';
import { seen, times } from '../canary/sample-minutes.ts';
import { runScript } from '../support/hosted-script.ts';
import { without } from '../support/needs.ts';
import { runOnTerminal } from '../support/on-terminal.ts';
import { COMPILE_CACHE } from '../support/run-script.ts';

const SCRIPT = join(projectRoot, 'scripts/canary-rollout.ts');

function recording(canaryErrors: number, more: object = {}): object {
  const minutes = times(10, { stable: seen(114), canary: seen(6, canaryErrors) });
  return { steps: [5, 25, 50, 100], step: 5, windowMinutes: 10, minutes, ...more };
}

const healthy = recording(0);
const unhealthy = recording(1);
const inconclusive = recording(0, { limits: { minRequests: 1000 } });

const line = (document: object): string => `${JSON.stringify(document)}\n`;

/** Starts `judge --file -`, with Node alone, and gives what it is written to and what it prints. */
function startJudge(env: Record<string, string> = {}, nodeOptions: string[] = []) {
  const child = spawn(process.execPath, [...COMPILE_CACHE, ...nodeOptions, SCRIPT, 'judge', '--file', '-'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(([exitCode]) => exitCode as number);
  return { child, ended };
}

async function judge(input: string, env: Record<string, string> = {}) {
  const { child, ended } = startJudge(env);
  child.stdin.end(input);
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { stdout, stderr, exitCode };
}

const verdicts = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((each) => JSON.parse(each))
    .map(({ verdict = 'error', minute }) => (minute === undefined ? verdict : `${verdict} ${minute}`));

describe('judge --file on a terminal', { skip: await without('a pseudo-terminal') }, () => {
  test('one verdict is a table, many are JSON', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'judge-'));
    const file = join(folder.path, 'promotion.json');
    const command = [process.execPath, SCRIPT, 'judge', '--file', file];
    await writeFile(file, line(unhealthy));
    const one = await runOnTerminal(command, {});
    assert.equal(one.exitCode, 1);
    assert.match(one.shown, /^unhealthy at minute 3: /);
    assert.match(one.shown, /^errors +0 of 342 +3 of 18 /m);
    await writeFile(file, line(unhealthy) + line(healthy));
    assert.match(
      (await runOnTerminal(command, {})).shown,
      /^\{"verdict":"unhealthy".*\r\n\{"verdict":"healthy"/,
    );
  });
});

describe('judge --file', { concurrency: 2 }, () => {
  for (const [name, document, exitCode, verdict] of [
    ['healthy', healthy, 0, 'healthy 10'],
    ['unhealthy', unhealthy, 1, 'unhealthy 3'],
    ['inconclusive', inconclusive, 3, 'inconclusive 10'],
  ] as const) {
    test(`${name}: exit ${exitCode}, without a project or a login, pretty-printed or on one line`, async () => {
      for (const text of [JSON.stringify(document, null, 2), line(document)]) {
        const judged = await judge(text);
        assert.deepEqual(
          [judged.exitCode, judged.stderr, verdicts(judged.stdout)],
          [exitCode, '', [verdict]],
        );
        const fields = Object.keys(JSON.parse(judged.stdout));
        assert.deepEqual(fields, ['verdict', 'minute', 'reason', 'signals']);
      }
    });
  }

  test('a file by its name', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'judge-'));
    const file = join(folder.path, 'promotion.json');
    await writeFile(file, line(unhealthy));
    const { exitCode, stdout } = await runScript('canary-rollout', ['judge', '--file', file]);
    assert.deepEqual([exitCode, verdicts(stdout)], [1, ['unhealthy 3']]);
  });

  test('one document a line: one verdict a line, and the exit code of the worst', async () => {
    const judged = await judge([healthy, inconclusive, healthy].map(line).join(''));
    assert.deepEqual(verdicts(judged.stdout), ['healthy 10', 'inconclusive 10', 'healthy 10']);
    assert.equal(judged.exitCode, 3);
    assert.equal((await judge([healthy, inconclusive, unhealthy].map(line).join(''))).exitCode, 1);
    assert.equal((await judge([healthy, healthy].map(line).join(''))).exitCode, 0);
  });

  test('a bad line among many is an error in its place, and exit 2 at the end', async () => {
    const judged = await judge([line(healthy), 'nonsense\n', line(recording(9)), line(unhealthy)].join(''));
    assert.deepEqual(verdicts(judged.stdout), ['healthy 10', 'error', 'error', 'unhealthy 3']);
    assert.equal(judged.exitCode, 2);
    assert.match(judged.stderr, /^error: 2 of 4 documents could not be judged; document 2: not JSON/);
    const first = await judge(`{"minutes": [\n${line(healthy)}`);
    assert.deepEqual([verdicts(first.stdout), first.exitCode], [['error', 'healthy 10'], 2]);
  });

  test('bad input alone is one error line, nothing on stdout, exit 2', async () => {
    for (const [input, message] of [
      ['', /^error: standard input holds no document\n/],
      ['{"minutes"', /^error: standard input: not JSON/],
      ['{"minutes": 3}', /^error: standard input: minutes is 3: it must be a list\n/],
      ['\u0000\u001b[31m', /^error: standard input: not JSON/],
    ] as const) {
      const judged = await judge(input);
      assert.deepEqual([judged.stdout, judged.exitCode], ['', 2]);
      assert.match(judged.stderr, message);
      assert.equal(judged.stderr.match(/^error:/gm)?.length, 1);
    }
    const missing = await runScript('canary-rollout', ['judge', '--file', '/no/such/file']);
    assert.equal(missing.exitCode, 2);
    assert.match(missing.stderr, /^error: \/no\/such\/file cannot be read: ENOENT/);
  });

  test("limits come from the variables, and a document's own win", async () => {
    const env = { CANARY_MIN_REQUESTS: '1000' };
    assert.equal((await judge(line(healthy), env)).exitCode, 3);
    assert.equal((await judge(line(recording(0, { limits: { minRequests: 10 } })), env)).exitCode, 0);
    assert.equal((await judge(line(unhealthy), { CANARY_MAX_5XX_PERCENT: '20' })).exitCode, 0);
    const wrong = await judge(line(healthy), { CANARY_FALSE_ALARM_PERCENT: 'none' });
    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.stderr, /^error: CANARY_FALSE_ALARM_PERCENT is "none"/);
  });

  test('CANARY_FORMAT=text: the reason and a table that fits 80 columns', async () => {
    const { stdout } = await judge(line(unhealthy), { CANARY_FORMAT: 'text' });
    assert.match(stdout, /^unhealthy at minute 3: all 3 failed requests hit the candidate, which got 5 % /);
    const table = stdout.split('\n').filter((row) => /^(?:signal|errors) /.test(row));
    assert.match(table[0] ?? '', /^signal +stable +candidate +limit +evidence +verdict$/);
    assert.match(table[1] ?? '', /^errors +0 of 342 +3 of 18 +1 % +1,411 of 400 +unhealthy$/);
    for (const row of table) assert.ok(row.length <= 80, row);
    const many = await judge(line(unhealthy) + line(healthy), { CANARY_FORMAT: 'text' });
    assert.match(many.stdout, /^unhealthy at minute 3: .*\nhealthy at minute 10: .*\n$/);
  });

  test('verdicts come while the input is still being written', async () => {
    const { child, ended } = startJudge();
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    // The first one waits for a second: alone it may be shown in another way.
    child.stdin.write(line(healthy) + line(unhealthy));
    assert.match((await lines.next()).value ?? '', /"healthy"/);
    assert.match((await lines.next()).value ?? '', /"unhealthy"/);
    child.stdin.write(line(inconclusive));
    assert.match((await lines.next()).value ?? '', /"inconclusive"/);
    child.stdin.end();
    assert.equal(await ended, 1);
  });

  test('a reader that leaves ends it, though more is being written', async () => {
    const { child, ended } = startJudge();
    child.stdin.on('error', () => {});
    const errors = text(child.stderr);
    child.stdin.write(line(healthy) + line(healthy));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    // 100 MB are more than any buffer between us holds.
    const many = line(healthy).repeat(1000);
    for (let written = 0; written < 100e6 && !isOver; written += many.length) {
      if (child.stdin.write(many)) await setImmediate();
      else await Promise.race([once(child.stdin, 'drain'), ended]).catch(() => {});
    }
    if (!isOver) child.stdin.end();
    await ended;
    assert.equal(child.stdin.writableFinished, false, 'it has read everything');
    assert.equal(await errors, '');
  });

  test('the input may be many times larger than the memory', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'judge-'));
    // 1.5 MB a round, 150 MB in all, through a heap of 48 MB.
    const round = line(recording(0, { history: times(60, seen(120, 0, { pages: 3 })) })).repeat(500);
    const { child, ended } = startJudge({}, ['--max-old-space-size=48']);
    const output = pipeline(child.stdout, createWriteStream(join(folder.path, 'verdicts')));
    const errors = text(child.stderr);
    await pipeline(Readable.from(times(100, round)), child.stdin);
    await output;
    assert.deepEqual([await ended, await errors], [0, '']);
  });
});
