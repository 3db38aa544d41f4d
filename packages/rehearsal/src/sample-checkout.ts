import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot, runCommand, UserError } from '@deploy/cli';

/** The sample checkout as it lies in this project: a miniature of the OpenAgents repository. */
export const sampleCheckoutFolder = join(projectRoot, 'packages/rehearsal/sample-checkout');

// What env(1) ends with when there is no such program.
const NOT_FOUND = 127;

export type SampleCheckout = { root: string; [Symbol.asyncDispose](): Promise<void> };

/**
 * A copy of the sample checkout in a temporary folder, committed to git, ready for gates. Nothing of the person's git
 * configuration is used. Without git it fails with a UserError.
 */
export async function sampleCheckout(): Promise<SampleCheckout> {
  const root = await mkdtemp(join(tmpdir(), 'openagents-'));
  await cp(sampleCheckoutFolder, root, { recursive: true });
  // Set by env(1), so that git still finds its own programs by the PATH that this process has.
  const environment = [
    `HOME=${root}`,
    'GIT_CONFIG_NOSYSTEM=1',
    'GIT_AUTHOR_NAME=Sample',
    'GIT_AUTHOR_EMAIL=sample@example.com',
    'GIT_COMMITTER_NAME=Sample',
    'GIT_COMMITTER_EMAIL=sample@example.com',
  ];
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    ['commit', '-q', '-m', 'Sample checkout'],
  ]) {
    const { exitCode, stderr } = await runCommand(['env', ...environment, 'git', ...args], { cwd: root });
    if (exitCode === 0) continue;
    await rm(root, { recursive: true });
    if (exitCode === NOT_FOUND) {
      throw new UserError('git is missing: the sample checkout is committed with it', {
        hint: 'Install git.',
      });
    }
    throw new Error(`git ${args[0]}: ${stderr}`);
  }
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}
