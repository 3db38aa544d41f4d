import { cleanLine, runCommand, type TargetCheckout } from '@deploy/cli';
import { isReport } from './outputs.ts';
import { InputsUnknown } from './unknown.ts';

/** There is no git to ask. */
export class GitMissing extends InputsUnknown {}

// The exit code of a program that is not there.
const NOT_FOUND = 127;

export type Git = (...args: readonly string[]) => Promise<string>;

/**
 * Git in that folder, without taking its locks, with paths taken to the letter, and without what a git hook that runs
 * us has put into the environment. Gives what it prints; throws InputsUnknown when it fails,
 * GitMissing when it is not there.
 */
export function gitIn(root: string, env: Record<string, string>): Git {
  const ours = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));
  const quiet = { ...ours, GIT_OPTIONAL_LOCKS: '0', GIT_LITERAL_PATHSPECS: '1', LC_ALL: 'C' };
  return async (...args) => {
    // A file monitor may hide changes.
    const command = ['git', '-c', 'core.fsmonitor=false', ...args];
    const { exitCode, stdout, stderr } = await runCommand(command, { cwd: root, env: quiet });
    if (exitCode === 0) return stdout;
    if (exitCode === NOT_FOUND) throw new GitMissing('git is missing');
    throw new InputsUnknown(`git ${args[0]}: ${cleanLine(stderr, 200) || `exit code ${exitCode}`}`);
  };
}

/**
 * Whether the work tree differs from the commit in anything but reports, which deployments and gates put there. The
 * checkout may be a folder of a larger repository; what lies beside it does not count.
 */
export async function hasChanges(git: Git, checkout: TargetCheckout): Promise<boolean> {
  const [prefix, status] = await Promise.all([
    git('rev-parse', '--show-prefix'),
    git('status', '--porcelain', '--no-renames', '--untracked-files=all', '-z', '--', '.'),
  ]);
  const paths = status.split('\0').flatMap((entry) => entry.slice(3) || []);
  return paths.some((path) => !isReport(path.slice(prefix.trimEnd().length), checkout));
}
