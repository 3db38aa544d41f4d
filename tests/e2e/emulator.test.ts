import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { COMPILE_CACHE, runScriptProcess } from '../support/run-script.ts';

test('the local Cloud Run alone has what a rehearsal finds, also under load: a deployment by its exports works', async () => {
  const emulator = start('--load', '120/min', '--clock', '20');
  try {
    const shown = await shownBy(emulator);
    assert.match(
      shown,
      /^Ctrl-C stops it and deletes the sample checkout with its reports\. --keep keeps them\.$/m,
    );
    assert.match(
      shown,
      /^Later, for production:\n {2}export SERVICE=openagents-control-service OPENAGENTS_BASE_URL="\$PROD_CONTROL_BASE_URL"$/m,
    );
    const status = `--dir ${projectRoot} tsx scripts/canary-rollout.ts status`;
    assert.ok(shown.includes(status), 'the first command works in any folder');
    const forScripts = shown.slice(0, shown.indexOf('For gcloud:'));
    for (const api of ['RUN', 'LOGGING', 'SECRETMANAGER'])
      assert.ok(shown.includes(`export CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}=http://`), api);
    const words = [...forScripts.matchAll(/^ {2}export (.*)$/gm)].flatMap(([, line = '']) => line.split(' '));
    const env = Object.fromEntries(words.map((word) => word.split('=') as [string, string]));
    // Stand-ins for missing tools come in front of the PATH, which the scripts need besides.
    const { PATH = '', ...others } = env;
    const run = await runScriptProcess('deploy-staging', [], {
      env: { ...others, SKIP_VERIFY: '1' },
      pathFirst: PATH === '' ? [] : [PATH.split(':')[0] ?? ''],
    });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.match(run.stdout, /^\[deploy\] done\. /m);
    const { OPENAGENTS_REPO_ROOT: checkout = '' } = env;
    assert.ok(existsSync(checkout));
    emulator.kill('SIGINT');
    await once(emulator, 'close');
    assert.ok(!existsSync(checkout));
  } finally {
    emulator.kill('SIGKILL');
  }
});

test('with --keep, the checkout outlives Ctrl-C, which says where it is', async () => {
  const emulator = start('--keep');
  try {
    const [, checkout = ''] = /^A sample checkout is at (.*)$/m.exec(await shownBy(emulator)) ?? [];
    emulator.kill('SIGINT');
    const said = await text(emulator.stderr);
    const folders = /Kept, with the reports in it: (.*)$/m.exec(said)?.[1]?.split(', ') ?? [];
    assert.equal(folders[0], checkout, said);
    assert.ok(existsSync(join(checkout, '.git')));
    for (const folder of folders) await rm(folder, { recursive: true });
  } finally {
    emulator.kill('SIGKILL');
  }
});

function start(...options: string[]) {
  const command = join(projectRoot, 'packages/rehearsal/bin/emulator.ts');
  return spawn(process.execPath, [...COMPILE_CACHE, command, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** What the local Cloud Run shows until it waits for Ctrl-C. */
async function shownBy({ stdout }: ReturnType<typeof start>): Promise<string> {
  let shown = '';
  for await (const chunk of stdout.setEncoding('utf8')) {
    shown += chunk;
    if (/^Ctrl-C stops it.*\n/m.test(shown)) break;
  }
  return shown;
}
