import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMAND_NOT_FOUND, projectRoot, runCommand, UserError } from '@deploy/cli';
import { nobodysGitEnvironment } from './nobodys-git.ts';

/** The folder of the sample checkout in this project, a miniature of the OpenAgents repository. */
export const sampleCheckoutFolder = join(projectRoot, 'packages/rehearsal/sample-checkout');

export type SampleCheckout = { root: string; [Symbol.asyncDispose](): Promise<void> };

/**
 * Copies the sample checkout to a temporary folder and commits it, ready for gates. It ignores the person's git
 * configuration, and a git hook that it may be called from. Throws a UserError when git is missing.
 */
export async function sampleCheckout(): Promise<SampleCheckout> {
  const root = await mkdtemp(join(tmpdir(), 'openagents-'));
  await cp(sampleCheckoutFolder, root, { recursive: true });
  const env = nobodysGitEnvironment(root);
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    ['commit', '-q', '-m', 'Sample checkout'],
  ]) {
    const { exitCode, stderr } = await runCommand(['git', ...args], { cwd: root, env });
    if (exitCode === 0) continue;
    await rm(root, { recursive: true });
    if (exitCode === COMMAND_NOT_FOUND) {
      throw new UserError('git is missing, and the rehearsal commits its sample checkout with it', {
        hint: 'Install git.',
      });
    }
    throw new Error(`git ${args[0]}: ${stderr}`);
  }
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}
