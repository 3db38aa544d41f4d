import { hostname, userInfo } from 'node:os';
import { join, relative } from 'node:path';
import { runCommand, type TargetCheckout } from '@deploy/cli';
import { reportsFolder } from './reports-folder.ts';

/** Where a deployment was made from: the machine, and the state of the checkout as far as git can tell. */
export type Whereabouts = { host: string; checkout: { commit?: string; clean?: boolean } };

/** Asks the machine and git. What cannot be told is left out. `report` is the evidence's file when it was named. */
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

/**
 * Pathspecs that leave out what the scripts themselves put into a checkout: it comes to lie there uncommitted, and says
 * nothing about what was built.
 */
function ownFiles(checkout: TargetCheckout, report: string | undefined): string[] {
  const named = report === undefined ? [] : [relative(checkout.root, report)];
  const paths = [reportsFolder(checkout), MATRIX_REPORTS, join(checkout.webShellDir, 'dist'), ...named];
  return paths.filter((path) => !path.startsWith('..')).map((path) => `:(exclude,literal)${path}`);
}

/** Who acts when no account is known: the user of this machine. */
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
  // Without taking git's locks: a person may be committing in there.
  const answer = await runCommand(['git', '--no-optional-locks', '-C', root, ...args]);
  return answer.exitCode === 0 ? answer.stdout.trim() : undefined;
}
