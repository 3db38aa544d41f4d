import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { test } from 'node:test';
import { userName } from '@deploy/cli';

test('a user without a name, as in a container, is somebody', (t) => {
  t.after(syncBuiltinESMExports);
  t.mock.method(os, 'userInfo', () => {
    throw new Error('A system error occurred: uv_os_get_passwd returned ENOENT');
  });
  syncBuiltinESMExports();
  assert.equal(userName(), 'somebody');
});
