import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { projectRoot } from '@deploy/cli';
import { machines, nameOf } from './machines.ts';
import { pretending } from './pretending.ts';

const run = promisify(execFile);

/** Runs what an install runs first, on a machine of another kind. */
async function check(machine: {
  os: string;
  cpu: string;
  libc?: string;
}): Promise<{ code: number; stderr: string }> {
  const program = join(projectRoot, 'scripts/install/machine.mjs');
  try {
    const { stderr } = await run(process.execPath, ['--import', pretending(machine), program]);
    return { code: 0, stderr };
  } catch (error) {
    return error as { code: number; stderr: string };
  }
}

describe('before an install, the machine is looked at', () => {
  for (const machine of machines.filter((each) => !('libc' in each) || each.libc === 'glibc')) {
    test(`${nameOf(machine)} will do`, async () => {
      assert.deepEqual(await check(machine), { code: 0, stderr: '' });
    });
  }

  test('Alpine is refused, with what to use instead', async () => {
    const { code, stderr } = await check({ os: 'linux', cpu: 'x64', libc: 'musl' });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: the scripts run on Linux with glibc .*; this machine is linux x64 musl\.\n/,
    );
    assert.match(stderr, /use an image with glibc, such as node:22-slim/);
  });

  test('so is a processor that there is no Node for', async () => {
    const { code, stderr } = await check({ os: 'linux', cpu: 'ppc64', libc: 'glibc' });
    assert.equal(code, 1);
    assert.match(stderr, /^error: .*; this machine is linux ppc64 glibc\.\n/);
  });
});

test('the tests run on the Node that the lockfile names', () => {
  assert.equal(realpathSync(process.execPath), realpathSync(join(projectRoot, 'node_modules/.bin/node')));
});
