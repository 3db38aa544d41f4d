import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitEnvironment, runCommand, UserError } from '@deploy/cli';
import type { SampleCheckout } from './stage/sample-checkout.ts';

const SERVICE_FOLDER = 'apps/openagents.com/service';

export type CheckoutCopy = SampleCheckout & {
  /** The short hash of the copied commit. */
  commit: string;
  /** Whether the checkout has changes that are not in that commit. */
  hasChanges: boolean;
};

/**
 * Copies a checkout's committed state to a temporary folder, where gates can build and write. The checkout itself is
 * not changed. Git's objects are shared, not copied. Throws a UserError when `source` is not a checkout of the
 * repository.
 */
export async function copyCheckout(source: string): Promise<CheckoutCopy> {
  if (!existsSync(join(source, SERVICE_FOLDER))) {
    throw new UserError(`${source} has no ${SERVICE_FOLDER}`, {
      exitCode: 2,
      hint: 'Point --checkout, or OPENAGENTS_REPO_ROOT, at a checkout of the OpenAgents repository.',
    });
  }
  const commit = (await git(source, 'rev-parse', '--short', 'HEAD')).trim();
  const changes = await git(source, 'status', '--porcelain', '--untracked-files=normal');
  const root = await mkdtemp(join(tmpdir(), 'openagents-'));
  const remove = (): Promise<void> => rm(root, { recursive: true, force: true });
  try {
    await git(source, 'clone', '--quiet', '--shared', '--', source, root);
  } catch (error) {
    await remove();
    throw error;
  }
  return { root, commit, hasChanges: changes !== '', [Symbol.asyncDispose]: remove };
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(['git', ...args], { cwd, env: gitEnvironment() });
  if (exitCode === 0) return stdout;
  throw new UserError(`git ${args[0]} failed in ${cwd}: ${stderr.trim()}`, {
    hint: 'A rehearsal copies what is committed, so the checkout must be a git repository with a commit.',
  });
}
