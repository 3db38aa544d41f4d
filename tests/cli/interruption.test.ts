import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { Interrupted, interruptible, tellIfInterrupted } from '@deploy/cli';
import { COMPILE_CACHE, runScriptProcess } from '../support/run-script.ts';

describe('work under a signal', () => {
  const forEver = () => new Promise<never>(() => {});

  test('ends when the signal aborts, with its reason', async () => {
    const stop = new AbortController();
    const waiting = interruptible(stop.signal, forEver);
    const reason = new Interrupted('SIGINT');
    stop.abort(reason);
    await assert.rejects(waiting, (error) => error === reason);
  });

  test('does not begin once the signal has aborted', async () => {
    let hasBegun = false;
    const work = async () => {
      hasBegun = true;
    };
    await assert.rejects(interruptible(AbortSignal.abort(), work));
    assert.equal(hasBegun, false);
  });

  test('says what the interruption means: the innermost notice, as it is by then', async () => {
    const stop = new AbortController();
    const inner = { message: 'before', hint: 'Nothing was done.' };
    const working = tellIfInterrupted(stop.signal, { message: 'outside', hint: 'Look.' }, () =>
      tellIfInterrupted(stop.signal, inner, () => interruptible(stop.signal, forEver)),
    );
    inner.message = 'while half was done';
    stop.abort(new Interrupted('SIGTERM'));
    await assert.rejects(working, {
      message: 'interrupted while half was done',
      hint: 'Nothing was done.',
      signal: 'SIGTERM',
    });
  });

  test('keeps a failure of its own', async () => {
    const own = new Error('broken');
    const notice = { message: 'while working', hint: 'Look.' };
    const working = tellIfInterrupted(new AbortController().signal, notice, () => Promise.reject(own));
    await assert.rejects(working, (error) => error === own);
  });
});

describe('a second Ctrl-C', () => {
  const starting = `import { listenForInterruption } from '@deploy/cli';`;

  test('ends the process at once and says so, with nothing to kill', async () => {
    // It goes on after the first one, as a shift does that must be carried to its end.
    const { child, told, says } = await startProgram(`${starting}
      const { signal } = listenForInterruption();
      signal.addEventListener('abort', () => console.log('first'));
      setInterval(() => {}, 1000);
      console.log('ready');`);
    child.kill('SIGINT');
    await says;
    // Whatever comes within a second is the same Ctrl-C; it does no harm to come more often.
    const again = setInterval(() => child.kill('SIGINT'), 200);
    const [, signal] = await once(child, 'close');
    clearInterval(again);
    assert.equal(signal, 'SIGINT');
    assert.match(await told, /^ended at once, since SIGINT came again$/m);
  });

  test('does not count when it came within 1 s, and was read later because the process was held up', async () => {
    const { child, told } = await startProgram(`${starting}
      const { signal } = listenForInterruption();
      signal.addEventListener('abort', () => {
        process.kill(process.pid, 'SIGINT');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
        setTimeout(() => process.exit(7), 100);
      });
      setInterval(() => {}, 1000);
      console.log('ready');`);
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'close'), [7, null], await told);
  });

  test('does not end a process that is done, and about to exit with its own code', async () => {
    const { child, told } = await startProgram(`${starting}
      {
        using interruption = listenForInterruption();
        setInterval(() => {}, 1000);
        console.log('ready');
        await new Promise((resolve) => interruption.signal.addEventListener('abort', resolve));
      }
      process.on('SIGTERM', () => process.exit(7));
      process.kill(process.pid, 'SIGINT');
      process.kill(process.pid, 'SIGTERM');`);
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'close'), [7, null], await told);
  });

  /** Starts a program that says that it is ready; `says` is what it says next. */
  async function startProgram(program: string) {
    const child = spawn(process.execPath, [...COMPILE_CACHE, '--input-type=module', '--eval', program], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const told = text(child.stderr);
    child.stdout.setEncoding('utf8');
    await once(child.stdout, 'data');
    return { child, told, says: once(child.stdout, 'data') };
  }
});

describe('a script', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`that waits for an answer ends at ${signal}, says so, and ends by that signal`, async () => {
      // It never answers.
      const server = createServer();
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const asked = once(server, 'request');
      let script: ChildProcess | undefined;
      const { stderr, exitCode } = await runScriptProcess('smoke-health', [], {
        env: {
          OPENAGENTS_BASE_URL: `http://127.0.0.1:${port}`,
          SMOKE_TIMEOUT_SECONDS: '300',
          EVIDENCE_REPORT: 'none',
        },
        onStart(child) {
          script = child;
          void asked.then(() => child.kill(signal));
        },
      });
      server.closeAllConnections();
      server.close();
      assert.equal(exitCode, null, stderr);
      assert.equal(script?.signalCode, signal);
      assert.match(stderr, new RegExp(`^error: interrupted by ${signal}$`, 'm'));
    });
  }
});
