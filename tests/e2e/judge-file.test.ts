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
function startJudge(nodeOptions: string[] = []) {
  const child = spawn(process.execPath, [...COMPILE_CACHE, ...nodeOptions, SCRIPT, 'judge', '--file', '-'], {
    env: { PATH: process.env.PATH },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(([exitCode]) => exitCode as number);
  return { child, ended };
}

async function judge(input: string) {
  const { child, ended } = startJudge();
  child.stdin.end(input);
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { stdout, stderr, exitCode };
}

/** `judge --file` of a file with this text; what it has to do with standard input is for a process of its own. */
async function judgeText(input: string, env: Record<string, string> = {}) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'judge-'));
  const file = join(folder.path, 'promotion.json');
  await writeFile(file, input);
  return { file, ...(await runScript('canary-rollout', ['judge', '--file', file], { env })) };
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
    const command = [process.execPath, ...COMPILE_CACHE, SCRIPT, 'judge', '--file', file];
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
      for (const judged of [
        await judge(JSON.stringify(document, null, 2)),
        await judgeText(line(document)),
      ]) {
        assert.deepEqual(
          [judged.exitCode, judged.stderr, verdicts(judged.stdout)],
          [exitCode, '', [verdict]],
        );
        const fields = Object.keys(JSON.parse(judged.stdout));
        assert.deepEqual(fields, ['verdict', 'minute', 'reason', 'signals']);
      }
    });
  }

  test('one document a line: one verdict a line, and the exit code of the worst', async () => {
    const judged = await judgeText([healthy, inconclusive, healthy].map(line).join(''));
    assert.deepEqual(verdicts(judged.stdout), ['healthy 10', 'inconclusive 10', 'healthy 10']);
    assert.equal(judged.exitCode, 3);
    assert.equal((await judgeText([healthy, inconclusive, unhealthy].map(line).join(''))).exitCode, 1);
    assert.equal((await judgeText([healthy, healthy].map(line).join(''))).exitCode, 0);
  });

  test('a bad line among many is an error in its place, and exit 2 at the end', async () => {
    const judged = await judgeText(
      [line(healthy), 'nonsense\n', line(recording(9)), line(unhealthy)].join(''),
    );
    assert.deepEqual(verdicts(judged.stdout), ['healthy 10', 'error', 'error', 'unhealthy 3']);
    assert.equal(judged.exitCode, 2);
    assert.match(judged.stderr, /^error: 2 of 4 documents could not be judged; document 2: not JSON/);
    const first = await judgeText(`{"minutes": [\n${line(healthy)}`);
    assert.deepEqual([verdicts(first.stdout), first.exitCode], [['error', 'healthy 10'], 2]);
  });

  test('bad input alone is one error line, nothing on stdout, exit 2', async () => {
    for (const [input, message] of [
      ['', / holds no document\n/],
      ['{"minutes"', /: not JSON/],
      ['{"minutes": 3}', /: minutes is 3: it must be a list\n/],
      ['\u0000\u001b[31m', /: not JSON/],
    ] as const) {
      const { file, stdout, stderr, exitCode } = await judgeText(input);
      assert.deepEqual([stdout, exitCode], ['', 2]);
      assert.ok(stderr.startsWith(`error: ${file}`), stderr);
      assert.match(stderr.slice(`error: ${file}`.length), message);
      assert.equal(stderr.match(/^error:/gm)?.length, 1);
    }
    const piped = await judge('');
    assert.deepEqual([piped.stdout, piped.exitCode], ['', 2]);
    assert.match(piped.stderr, /^error: standard input holds no document\n/);
    const missing = await runScript('canary-rollout', ['judge', '--file', '/no/such/file']);
    assert.equal(missing.exitCode, 2);
    assert.match(missing.stderr, /^error: \/no\/such\/file cannot be read: ENOENT/);
  });

  test("limits come from the variables, and a document's own win", async () => {
    const env = { CANARY_MIN_REQUESTS: '1000' };
    assert.equal((await judgeText(line(healthy), env)).exitCode, 3);
    assert.equal((await judgeText(line(recording(0, { limits: { minRequests: 10 } })), env)).exitCode, 0);
    assert.equal((await judgeText(line(unhealthy), { CANARY_MAX_5XX_PERCENT: '20' })).exitCode, 0);
    const wrong = await judgeText(line(healthy), { CANARY_FALSE_ALARM_PERCENT: 'none' });
    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.stderr, /^error: CANARY_FALSE_ALARM_PERCENT is "none"/);
  });

  test('CANARY_FORMAT=text: the reason and a table that fits 80 columns', async () => {
    const { stdout } = await judgeText(line(unhealthy), { CANARY_FORMAT: 'text' });
    assert.match(stdout, /^unhealthy at minute 3: all 3 failed requests hit the candidate, which got 5 % /);
    const table = stdout.split('\n').filter((row) => /^(?:signal|errors) /.test(row));
    assert.match(table[0] ?? '', /^signal +stable +candidate +limit +evidence +verdict$/);
    assert.match(table[1] ?? '', /^errors +0 of 342 +3 of 18 +1 % +1,411 of 400 +unhealthy$/);
    for (const row of table) assert.ok(row.length <= 80, row);
    const many = await judgeText(line(unhealthy) + line(healthy), { CANARY_FORMAT: 'text' });
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
    // 1.5 MB and 500 verdicts a round, 60 MB and 20,000 in all, through a heap of 24 MB, of which 16 would do.
    const round = line(recording(0, { history: times(60, seen(120, 0, { pages: 3 })) })).repeat(500);
    const { child, ended } = startJudge(['--max-old-space-size=24']);
    const output = pipeline(child.stdout, createWriteStream(join(folder.path, 'verdicts')));
    const errors = text(child.stderr);
    await pipeline(Readable.from(times(40, round)), child.stdin);
    await output;
    assert.deepEqual([await ended, await errors], [0, '']);
  });
});
