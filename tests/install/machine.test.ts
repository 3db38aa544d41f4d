import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { projectRoot } from '@deploy/cli';

const run = promisify(execFile);

/** Runs what an install runs first, on a machine of another kind. */
async function check(machine: {
  os: string;
  cpu: string;
  glibc?: string;
}): Promise<{ code: number; stderr: string }> {
  const pretend = `
    Object.defineProperty(process, 'platform', { value: '${machine.os}' });
    Object.defineProperty(process, 'arch', { value: '${machine.cpu}' });
    process.report.getReport = () => ({ header: { glibcVersionRuntime: ${JSON.stringify(machine.glibc)} } });`;
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`;
  const program = join(projectRoot, 'scripts/install/machine.mjs');
  try {
    const { stderr } = await run(process.execPath, ['--import', preload, program]);
    return { code: 0, stderr };
  } catch (error) {
    return error as { code: number; stderr: string };
  }
}

describe('before an install, the machine is looked at', () => {
  for (const machine of [
    { os: 'linux', cpu: 'x64', glibc: '2.36' },
    { os: 'linux', cpu: 'arm64', glibc: '2.36' },
    { os: 'darwin', cpu: 'x64' },
    { os: 'darwin', cpu: 'arm64' },
    { os: 'win32', cpu: 'x64' },
  ]) {
    test(`${machine.os} ${machine.cpu} will do`, async () => {
      assert.deepEqual(await check(machine), { code: 0, stderr: '' });
    });
  }

  test('Alpine is refused, with what to use instead', async () => {
    const { code, stderr } = await check({ os: 'linux', cpu: 'x64' });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: the scripts run on Linux with glibc .*; this machine is linux x64 musl\.\n/,
    );
    assert.match(stderr, /use an image with glibc, such as node:22-slim/);
  });

  test('so is a processor that there is no Node for', async () => {
    const { code, stderr } = await check({ os: 'linux', cpu: 'ppc64', glibc: '2.36' });
    assert.equal(code, 1);
    assert.match(stderr, /^error: .*; this machine is linux ppc64 glibc\.\n/);
  });
});

test('the tests run on the Node that the lockfile names', () => {
  assert.equal(realpathSync(process.execPath), realpathSync(join(projectRoot, 'node_modules/.bin/node')));
});
