import assert from 'node:assert/strict';
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';

test('Ctrl-C in a rehearsal stops the step and leaves nothing behind', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'rehearse-'));
  const run = await runScriptProcess('rehearse', [], {
    env: { TMPDIR: folder.path },
    pathFirst: [join(projectRoot, 'node_modules/.bin')],
    onStart(child) {
      let shown = '';
      child.stdout?.on('data', (chunk) => {
        const isNew = !shown.includes('[ok] login');
        shown += chunk;
        // Once: what comes more than a second later would be a second Ctrl-C.
        if (isNew && shown.includes('[ok] login')) child.kill('SIGINT');
      });
    },
  });
  assert.equal(run.exitCode, null, run.stderr);
  assert.match(
    run.stderr,
    /^error: interrupted in the rehearsal of: Preflight.*\nIts command was stopped\./m,
  );
  const left = (await readdir(folder.path)).filter((name) => /^(?:openagents|rehearsal|gates)-/.test(name));
  assert.deepEqual(left, []);
});

test('--keep keeps the checkout after Ctrl-C, and prints every export with which the scripts act on what is kept', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'rehearse-'));
  let status: Promise<ScriptRun> | undefined;
  const run = await runScriptProcess('rehearse', ['--keep', '--steps', 'preflight'], {
    env: { TMPDIR: folder.path },
    pathFirst: [join(projectRoot, 'node_modules/.bin')],
    onStart(child) {
      let shown = '';
      child.stdout?.on('data', (chunk) => {
        shown += chunk;
        if (status !== undefined || !shown.includes('keeps running until you press Ctrl-C')) return;
        status = runScriptProcess('canary-rollout', ['status'], { env: exportsIn(shown) });
        void status.finally(() => child.kill('SIGINT'));
      });
    },
  });
  assert.equal((await status)?.exitCode, 0, (await status)?.stderr ?? '');
  const env = exportsIn(run.stdout);
  for (const name of [
    'IMAGE',
    'OPENAGENTS_BASE_URL',
    'STAGING_CONTROL_BASE_URL',
    'PROD_CONTROL_BASE_URL',
    'STAGING_RUNTIME_BASE_URL',
    'PROD_RUNTIME_BASE_URL',
    'TURBO_CACHE_DIR',
  ]) {
    assert.ok(env[name], name);
  }
  const { OPENAGENTS_REPO_ROOT: checkout = '' } = env;
  assert.ok(run.stderr.includes(checkout), run.stderr);
  assert.ok((await readdir(checkout)).includes('apps'));
});

/** The variables that the lines of a rehearsal export, but for the PATH. */
function exportsIn(shown: string): Record<string, string> {
  const lines = shown.split('\n').filter((line) => /^ {2}export (?!PATH)/.test(line));
  const words = lines.flatMap((line) => line.trim().split(' ').slice(1));
  return Object.fromEntries(words.map((word) => word.split('=') as [string, string]));
}
