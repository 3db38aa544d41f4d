import { hostname, userInfo } from 'node:os';
import { join, relative } from 'node:path';
import { runCommand, type TargetCheckout } from '@deploy/cli';
import { reportsFolder } from './settings.ts';

/** Where a deployment was made from: the machine, and the state of the checkout as far as git can tell. */
export type Whereabouts = { host: string; checkout: { commit?: string; clean?: boolean } };

/** Asks the machine and git; leaves out what they cannot tell. `report` is the file that EVIDENCE_REPORT names. */
export async function whereabouts(checkout: TargetCheckout, report?: string): Promise<Whereabouts> {
  const [commit, changes] = await Promise.all([
    git(checkout, ['rev-parse', 'HEAD']),
    git(checkout, ['status', '--porcelain', '--', '.', ...ownFiles(checkout, report)]),
  ]);
  return {
    host: hostname(),
    checkout: {
      ...(commit === undefined ? {} : { commit }),
      ...(changes === undefined ? {} : { clean: changes === '' }),
    },
  };
}

// Where validate-rust-cutover puts its results.
const MATRIX_REPORTS = join('docs', 'reports', 'rust-cutover-validation');

/** Pathspecs that exclude the files which the scripts themselves leave uncommitted: they do not affect the build. */
function ownFiles(checkout: TargetCheckout, report: string | undefined): string[] {
  const named = report === undefined ? [] : [relative(checkout.root, report)];
  const paths = [reportsFolder(checkout), MATRIX_REPORTS, join(checkout.webShellDir, 'dist'), ...named];
  return paths.filter((path) => !path.startsWith('..')).map((path) => `:(exclude,literal)${path}`);
}

/** The user of this machine, who counts as the actor when no account is known. */
export function localActor(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return 'somebody';
  }
}

async function git({ root }: TargetCheckout, args: readonly string[]): Promise<string | undefined> {
  // Takes none of git's locks, because a person may be committing at the same time.
  const answer = await runCommand(['git', '--no-optional-locks', '-C', root, ...args]);
  return answer.exitCode === 0 ? answer.stdout.trim() : undefined;
}
