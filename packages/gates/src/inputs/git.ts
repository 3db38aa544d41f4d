import { COMMAND_NOT_FOUND, cleanLine, runCommand, type TargetCheckout } from '@deploy/cli';
import { InputsUnknown } from '../fingerprint-inputs.ts';
import { isReport } from './outputs.ts';

export class GitMissing extends InputsUnknown {}

export type Git = (...args: readonly string[]) => Promise<string>;

/**
 * Runs git in a folder: without its locks, with literal paths, and without the variables that a git hook may have put
 * into our environment. Returns its output. Throws InputsUnknown when git fails, and GitMissing when it is missing.
 */
export function gitIn(root: string, env: Record<string, string>): Git {
  const ours = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));
  const quiet = { ...ours, GIT_OPTIONAL_LOCKS: '0', GIT_LITERAL_PATHSPECS: '1', LC_ALL: 'C' };
  return async (...args) => {
    // A file system monitor could hide changes from git.
    const command = ['git', '-c', 'core.fsmonitor=false', ...args];
    const { exitCode, stdout, stderr } = await runCommand(command, { cwd: root, env: quiet });
    if (exitCode === 0) return stdout;
    if (exitCode === COMMAND_NOT_FOUND) throw new GitMissing('git is missing');
    throw new InputsUnknown(`git ${args[0]}: ${cleanLine(stderr, 400) || `exit code ${exitCode}`}`);
  };
}

// Where validate-rust-cutover puts its results.
const MATRIX_REPORTS = 'docs/reports/rust-cutover-validation/';

/**
 * Whether the work tree differs from the commit, apart from reports that deployments and gates write. The checkout may
 * be a folder of a larger repository; only that folder counts.
 */
export async function hasChanges(git: Git, checkout: TargetCheckout): Promise<boolean> {
  const [prefix, status] = await Promise.all([
    git('rev-parse', '--show-prefix'),
    git('status', '--porcelain', '--no-renames', '--untracked-files=all', '-z', '--', '.'),
  ]);
  const paths = status.split('\0').flatMap((entry) => entry.slice(3) || []);
  return paths
    .map((path) => path.slice(prefix.trimEnd().length))
    .some((path) => !isReport(path, checkout) && !path.startsWith(MATRIX_REPORTS));
}

// The most paths to put on a command line. If there are more, ask git for all its files.
const MOST_ASKED = 200;

/**
 * `leftovers` are files that look as if an editor or a system had left them behind. Returns those that git tracks,
 * because a tracked file is an input all the same. If git does not answer, all of them count as tracked.
 */
export async function trackedAmong(leftovers: readonly string[], git: Git): Promise<string[]> {
  if (leftovers.length === 0) return [];
  const asked = leftovers.length <= MOST_ASKED ? leftovers : [];
  const output = await git('ls-files', '-z', '--', ...asked).catch(() => undefined);
  if (output === undefined) return [...leftovers];
  const tracked = output.split('\0').filter((path) => path !== '');
  return leftovers.filter((path) => tracked.some((each) => each === path || each.startsWith(`${path}/`)));
}
