import assert from 'node:assert/strict';
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { runScriptProcess } from '../support/run-script.ts';

test('Ctrl-C in a rehearsal stops the step and leaves nothing behind', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'rehearse-'));
  const run = await runScriptProcess('rehearse', [], {
    env: { TMPDIR: folder.path },
    pathFirst: [join(projectRoot, 'node_modules/.bin')],
    onStart(child) {
      let shown = '';
      child.stdout?.on('data', (chunk) => {
        shown += chunk;
        if (shown.includes('[ok] login')) child.kill('SIGINT');
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

test('an option that is misspelt is refused before anything is started, with the one that was meant', async () => {
  const run = await runScriptProcess('rehearse', ['--kep']);
  assert.equal(run.exitCode, 2);
  assert.equal(run.stdout, '');
  assert.equal(
    run.stderr,
    "error: Unknown option '--kep'\nDid you mean: --keep\n--help lists the options.\n",
  );
});
