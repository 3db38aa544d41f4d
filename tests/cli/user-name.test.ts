import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

test('a user without a name, as in a container, is somebody', {
  skip: process.getuid?.() !== 0 && 'only root may start a process as another user',
}, async () => {
  const program = "import { userName } from '@deploy/cli'; console.log(userName());";
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    uid: 54_321,
    gid: 54_321,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.equal(await text(child.stdout), 'somebody\n');
});
