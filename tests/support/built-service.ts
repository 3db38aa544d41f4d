import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runCommand } from '@deploy/cli';

/** Builds the control service of a sample checkout with cargo. Returns the program's path. */
export async function buildService(root: string): Promise<string> {
  const built = await runCommand(['cargo', 'build', '--offline', '-p', 'openagents-control-service'], {
    cwd: root,
    env: { ...process.env, CARGO_TARGET_DIR: join(root, 'target') },
  });
  assert.equal(built.exitCode, 0, built.stderr);
  return join(root, 'target/debug/openagents-control-service');
}
