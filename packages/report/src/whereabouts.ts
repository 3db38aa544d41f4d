import { hostname, userInfo } from 'node:os';
import { runCommand, type TargetCheckout } from '@deploy/cli';
import { reportsFolder } from './reports-folder.ts';

/** Where a deployment was made from: the machine, and the state of the checkout as far as git can tell. */
export type Whereabouts = { host: string; checkout: { commit?: string; clean?: boolean } };

/** Asks the machine and git. What cannot be told is left out. */
export async function whereabouts(checkout: TargetCheckout): Promise<Whereabouts> {
  const [commit, changes] = await Promise.all([
    git(checkout, ['rev-parse', 'HEAD']),
    // Reports themselves come to lie there uncommitted, and say nothing about what was built.
    git(checkout, ['status', '--porcelain', '--', '.', `:(exclude)${reportsFolder(checkout)}`]),
  ]);
  return {
    host: hostname(),
    checkout: {
      ...(commit === undefined ? {} : { commit }),
      ...(changes === undefined ? {} : { clean: changes === '' }),
    },
  };
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
