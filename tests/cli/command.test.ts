import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { boundedText, projectRoot, runCommand, Secret } from '@deploy/cli';
import { isRunning } from '../support/is-running.ts';
import { COMPILE_CACHE } from '../support/run-script.ts';

const never = new AbortController().signal;

const sh = (script: string, options: Parameters<typeof runCommand>[1] = {}) =>
  runCommand(['sh', '-c', script], options);

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'command-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function ended(pid: number): Promise<void> {
  while (isRunning(pid)) await pause(10);
}

describe('a command', () => {
  test('gives its exit code and all that it printed', async () => {
    assert.deepEqual(await sh('echo out; printf err >&2; exit 7'), {
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'err',
    });
  });

  test('that a signal ended says which', async () => {
    const { exitCode, killedBy } = await sh('kill -9 $$');
    assert.deepEqual([exitCode, killedBy], [137, 'SIGKILL']);
  });

  test('that is not there, or is no program, is an exit code too', async (t) => {
    // A name alone would be looked for in the PATH, where a folder that nobody may read makes another error of it.
    const missing = await runCommand([join(temporary(t), 'no-such-program')]);
    assert.deepEqual([missing.exitCode, missing.notStarted], [127, 'ENOENT']);
    const noProgram = await runCommand([import.meta.filename]);
    assert.deepEqual([noProgram.exitCode, noProgram.notStarted], [126, 'EACCES']);
  });

  test('that is not there is missing as well if a folder of the PATH may not be searched', async (t) => {
    const folder = temporary(t);
    const [closed, open] = [join(folder, 'closed'), join(folder, 'open')];
    for (const each of [closed, open]) mkdirSync(each);
    writeFileSync(join(open, 'no-program'), '', { mode: 0o644 });
    chmodSync(closed, 0);
    const script = `import { runCommand } from '@deploy/cli';
      process.env.PATH = ${JSON.stringify([closed, open].join(delimiter))};
      for (const name of ['no-such-program', 'no-program']) console.log(String((await runCommand([name])).exitCode));`;
    // Root may search every folder, unless it gives that up.
    const asAnyone =
      process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];
    try {
      const { stdout, stderr } = await runCommand(
        [...asAnyone, process.execPath, '--input-type=module', '-e', script],
        { cwd: import.meta.dirname },
      );
      assert.equal(stdout, '127\n126\n', stderr);
    } finally {
      // For whoever removes it.
      chmodSync(closed, 0o700);
    }
  });

  test('gives its lines as they come, with the stream of each, and then keeps none', async () => {
    const lines = { stdout: [] as string[], stderr: [] as string[] };
    const result = await sh('printf "one\\r\\ntwo\\n\\nlast"; echo err >&2', {
      onLine: (line, stream) => lines[stream].push(line),
    });
    assert.deepEqual(lines, { stdout: ['one', 'two', '', 'last'], stderr: ['err'] });
    assert.deepEqual([result.stdout, result.stderr], ['', '']);
  });

  test('a character that comes in two pieces stays whole', async () => {
    const lines: string[] = [];
    await sh('printf "\\303"; sleep 0.2; printf "\\244\\n"', { onLine: (line) => lines.push(line) });
    assert.deepEqual(lines, ['ä']);
  });
});

describe('what a command leaves running', () => {
  test('does not keep it from ending, and is killed with its group', async (t) => {
    const folder = temporary(t);
    const result = await sh('sleep 600 & echo $! > pid; echo done', { signal: never, cwd: folder });
    assert.deepEqual([result.exitCode, result.stdout, result.leftRunning], [0, 'done\n', true]);
    await ended(Number(readFileSync(join(folder, 'pid'), 'utf8')));
  });

  test('is killed as well when it has closed its output', async (t) => {
    const folder = temporary(t);
    // The shell closes it as well: what it leaves running might not have got to that when the shell ends.
    const script = 'exec >/dev/null 2>&1; sleep 600 & echo $! > pid';
    const result = await sh(script, { signal: never, cwd: folder });
    assert.equal(result.leftRunning, undefined);
    await ended(Number(readFileSync(join(folder, 'pid'), 'utf8')));
  });

  test('and goes on writing does not keep it from ending either', async () => {
    const result = await sh('(while echo y; do sleep 0.02; done) & echo done', {
      signal: never,
      onLine() {},
    });
    assert.deepEqual([result.exitCode, result.leftRunning], [0, true]);
  });

  test('lives on without a group of its own, and the command still ends', async (t) => {
    const folder = temporary(t);
    const result = await sh('sleep 600 & echo $! > pid; echo done', { cwd: folder });
    assert.deepEqual([result.stdout, result.leftRunning], ['done\n', true]);
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    assert.ok(isRunning(pid));
    process.kill(pid);
  });
});

describe('an aborted signal', () => {
  const starting = async (script: string, t: TestContext) => {
    const folder = temporary(t);
    const stop = new AbortController();
    const { promise: begun, resolve: begin } = Promise.withResolvers<string>();
    const run = sh(script.replaceAll('$F', folder), { signal: stop.signal, onLine: begin });
    return { pid: Number(await begun), run, stop };
  };

  test('ends the command and what it has started', async (t) => {
    const { pid, run, stop } = await starting('sleep 600 & echo $!; wait', t);
    stop.abort();
    assert.equal((await run).killedBy, 'SIGTERM');
    await ended(pid);
  });

  test('ends one that does not want to', async (t) => {
    const { pid, run, stop } = await starting('trap "" TERM; echo $$; while :; do sleep 600; done', t);
    stop.abort();
    assert.equal((await run).killedBy, 'SIGKILL');
    await ended(pid);
  });

  test('ends one that has stopped itself', async (t) => {
    const { run, stop } = await starting('echo $$; kill -STOP $$', t);
    stop.abort();
    assert.ok((await run).killedBy);
  });

  test('before the start ends it at once', async () => {
    const { killedBy } = await sh('sleep 600', { signal: AbortSignal.abort() });
    assert.equal(killedBy, 'SIGTERM');
  });
});

describe('output without bound', () => {
  test('in one line: its beginning is passed on, with how much is missing', async () => {
    const lines: string[] = [];
    await sh('head -c 30000000 /dev/zero | tr "\\0" x; echo; echo next', {
      onLine: (line) => lines.push(line),
    });
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', /^x{65536}… \(29934464 more characters of this line left out\)$/);
    assert.equal(lines[1], 'next');
  });

  test('a secret that the cut goes through is not shown in part', async () => {
    const secret = 'correct-horse-battery-staple';
    new Secret(secret);
    const lines: string[] = [];
    await sh(
      `head -c 65526 /dev/zero | tr "\\0" x; printf '%s' '${secret}'; head -c 200000 /dev/zero | tr "\\0" y`,
      {
        onLine: (line) => lines.push(line),
      },
    );
    assert.match(lines[0] ?? '', /^x+<redacted>… /);
  });

  test('more than a caller could want to have whole is an error, and is not kept', async () => {
    await assert.rejects(sh('head -c 300000000 /dev/zero'), /printed 300000000 bytes/);
  });

  test('a text that keeps only so much keeps its beginning and its end, and counts the rest', () => {
    const text = boundedText(1 << 18);
    const lines = 300_000;
    for (let i = 1; i <= lines; i += 1) text.line(`line ${i}`);
    const kept = text.text().split('\n');
    assert.deepEqual([kept[0], kept.at(-2), kept.at(-1)], ['line 1', `line ${lines}`, '']);
    assert.ok(kept.length < 60_000);
    const [, missing = ''] = /^… (\d+) lines and more/m.exec(text.text()) ?? [];
    assert.ok(Number(missing) > 240_000);
    // Nothing but whole lines on both sides of the gap.
    assert.ok(kept.every((line) => /^(?:line \d+|… .+ left out here …|)$/.test(line)));
  });

  test('a secret of several lines that the gap begins in is not shown in part', () => {
    const secret = Array.from({ length: 300 }, (_, i) => `key-material-${i}`).join('\n');
    new Secret(secret);
    for (const before of [1000, 1010, 1023]) {
      const text = boundedText(1 << 20);
      for (let i = 0; i < before; i += 1) text.line('x'.repeat(1023));
      for (const line of secret.split('\n')) text.line(line);
      for (let i = 0; i < 9000; i += 1) text.line('y'.repeat(1023));
      assert.doesNotMatch(text.text(), /key-material/);
    }
  });
});

test('a Ctrl-C in the terminal reaches a command without a signal, and not one with', async () => {
  const program = `
    import { runCommand } from '@deploy/cli';
    const signal = process.argv[2] === 'own' ? new AbortController().signal : undefined;
    await runCommand(['sh', '-c', 'echo $$; exec sleep 600'], { signal, onLine: (line) => process.stdout.write(line) });
  `;
  for (const group of ['own', 'ours']) {
    const child = spawn(
      process.execPath,
      [...COMPILE_CACHE, '--input-type=module', '-e', program, 'x', group],
      {
        cwd: join(projectRoot, 'tests'),
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
      },
    );
    const pid = Number(String((await once(child.stdout, 'data'))[0]));
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await once(child, 'exit');
    if (group === 'ours') await ended(pid);
    else assert.ok(isRunning(pid));
    if (group === 'own') process.kill(pid);
  }
});
