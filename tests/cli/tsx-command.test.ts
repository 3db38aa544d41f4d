import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot, runCommand } from '@deploy/cli';

test('tsx lets a process end in its own way that is too busy to notice Ctrl-C at once', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'busy-'));
  const script = join(folder.path, 'busy.ts');
  await writeFile(
    script,
    `process.on('SIGINT', () => process.stdout.write('orderly', () => process.exit(0)));
    console.log('ready');
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500));
    setInterval(() => {}, 1000);`,
  );
  const child = spawn(join(projectRoot, 'node_modules/.bin/tsx'), [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    told += chunk;
    if (told === 'ready\n') child.kill('SIGINT');
  });
  const ended = await once(child, 'close');
  assert.deepEqual([told, ...ended], ['ready\norderly', 0, null]);
});

test('tsx says what to use instead of a Node that runs no TypeScript', async () => {
  const tsx = join(projectRoot, 'packages/tsx/src/command.mjs');
  const script = join(projectRoot, 'scripts/smoke-health.ts');
  const { stderr, exitCode } = await runCommand([process.execPath, '--no-strip-types', tsx, script]);
  assert.match(stderr, /^error: Node v\S+ does not run TypeScript; call pnpm tsx[^\n]*\n$/);
  assert.equal(exitCode, 2);
});
