import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { without } from '../support/needs.ts';
import { COMPILE_CACHE } from '../support/run-script.ts';

/** A disk that is always full. */
const FULL = '/dev/full';

/** A script that prints, waits until `goOn` has resolved, prints more, and then calls this URL: its work is done. */
const scriptThatWaits = (goOn: string, url: string): string => `
  import { runScript } from '@deploy/cli';
  const usage = { script: 'scripts/some.ts', purpose: '', calls: [{ arguments: '', does: '' }], settings: {} };
  await runScript(usage, async ({ out, signal }) => {
    out.data('begun');
    out.note('begun');
    await ${goOn};
    for (const word of ['on', 'on', 'done']) {
      out.data(word);
      out.note(word);
      await new Promise((resolve) => setTimeout(resolve));
    }
    await fetch('${url}');
    return 0;
  });`;

/** A server that a script calls when its work is done. */
async function callback() {
  const server = createServer((_, response) => void response.end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  let wasCalled = false;
  server.once('request', () => {
    wasCalled = true;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    wasCalled: () => wasCalled,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function nodeWith(program: string): string[] {
  return [process.execPath, ...COMPILE_CACHE, '--input-type=module', '--eval', program];
}

const noTerminal = await without('a pseudo-terminal');

describe('a script does its work to the end', () => {
  const full = { skip: existsSync(FULL) ? false : `there is no ${FULL} here` };

  test('when the disk of its log is full; without all of stdout it fails, and says why', full, async () => {
    await using done = await callback();
    const program = nodeWith(scriptThatWaits('Promise.resolve()', done.url));
    const run = async (redirection: string) => {
      const child = spawn('sh', ['-c', `exec "$@" ${redirection}`, 'sh', ...program], {
        cwd: import.meta.dirname,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const [stdout, stderr] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'exit'),
      ]);
      return { exitCode: child.exitCode, stdout, stderr };
    };
    assert.deepEqual(await run(`2>${FULL}`), { exitCode: 0, stdout: 'begun\non\non\ndone\n', stderr: '' });
    assert.ok(done.wasCalled());
    const withoutStdout = await run(`>${FULL}`);
    assert.match(
      withoutStdout.stderr,
      /^begun\non\non\ndone\nerror: stdout is incomplete, because it could not be written: ENOSPC[^\n]*\nApart from that, the script has done its work\.\n$/,
    );
    assert.equal(withoutStdout.exitCode, 1);
  });

  test('when the reader of both streams leaves', async () => {
    await using done = await callback();
    const goOn = `new Promise((resolve) => process.stdin.on('end', resolve).resume())`;
    const [node = '', ...args] = nodeWith(scriptThatWaits(goOn, done.url));
    const child = spawn(node, args, { cwd: import.meta.dirname, stdio: 'pipe' });
    await Promise.all([once(child.stdout, 'data'), once(child.stderr, 'data')]);
    await Promise.all([child.stdout, child.stderr].map((stream) => once(stream.destroy(), 'close')));
    child.stdin.end();
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    assert.ok(done.wasCalled());
  });

  test('when its terminal is gone', { skip: noTerminal }, async () => {
    await using done = await callback();
    const goOn = `new Promise((resolve) => {
      const alive = setInterval(() => {}, 1000);
      signal.addEventListener('abort', () => resolve(clearInterval(alive)));
    })`;
    const quoted = nodeWith(scriptThatWaits(goOn, done.url)).map(
      (word) => `'${word.replaceAll("'", `'\\''`)}'`,
    );
    const terminal = spawn('script', ['-qec', `exec ${quoted.join(' ')}`, '/dev/null'], {
      cwd: import.meta.dirname,
      // The script inherits the fourth pipe, which therefore closes when the script has ended.
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    const ended = text(terminal.stdio[3] as Readable);
    let shown = '';
    terminal.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      shown += chunk;
      // The terminal goes without a word to anybody, so the kernel tells the script.
      if (/begun\s+begun/.test(shown)) terminal.kill('SIGKILL');
    });
    await ended;
    assert.ok(done.wasCalled(), shown);
  });
});
