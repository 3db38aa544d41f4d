import { cleanLine, runCommand, type TargetCheckout } from '@deploy/cli';
import { isReport } from './outputs.ts';
import { InputsUnknown } from './unknown.ts';

export type Git = (...args: readonly string[]) => Promise<string>;

/**
 * Git in that folder, without taking its locks, with paths taken to the letter, and without what a git hook that runs
 * us has put into the environment. Gives what it prints; throws InputsUnknown when it fails.
 */
export function gitIn(root: string, env: Record<string, string>): Git {
  const ours = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));
  const quiet = { ...ours, GIT_OPTIONAL_LOCKS: '0', GIT_LITERAL_PATHSPECS: '1', LC_ALL: 'C' };
  return async (...args) => {
    const { exitCode, stdout, stderr } = await runCommand(['git', ...args], { cwd: root, env: quiet });
    if (exitCode === 0) return stdout;
    throw new InputsUnknown(`git ${args[0]}: ${cleanLine(stderr, 200) || `exit code ${exitCode}`}`);
  };
}

/** Whether the work tree differs from the commit in anything but evidence reports, which deployments put there. */
export async function hasChanges(git: Git, checkout: TargetCheckout): Promise<boolean> {
  const entries = (await git('status', '--porcelain', '--no-renames', '--untracked-files=all', '-z')).split(
    '\0',
  );
  return entries.some((entry) => entry !== '' && !isReport(entry.slice(3), checkout));
}
