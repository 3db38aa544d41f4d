import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { COMPILE_CACHE, runScriptProcess } from '../support/run-script.ts';

test('the local Cloud Run alone has what a rehearsal finds, also under load: a deployment by its exports works', async () => {
  const emulator = spawn(
    process.execPath,
    [
      ...[...COMPILE_CACHE, join(projectRoot, 'packages/rehearsal/bin/emulator.ts')],
      ...['--load', '120/min', '--clock', '20'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  try {
    let shown = '';
    for await (const chunk of emulator.stdout.setEncoding('utf8')) {
      shown += chunk;
      if (shown.includes('Ctrl-C stops it.')) break;
    }
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
