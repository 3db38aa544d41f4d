import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { projectRoot, runCommand, type TargetCheckout } from '@deploy/cli';
import { findData } from './document/data.ts';
import { reportsFolder } from './settings.ts';

/** Where a deployment was made from: the machine, the scripts, and the state of the checkout as far as git can tell. */
export type Whereabouts = {
  host: string;
  scripts: string;
  checkout: { root: string; commit?: string; clean?: boolean };
};

/** Asks the machine and git; leaves out what they cannot tell. */
export async function whereabouts(checkout: TargetCheckout): Promise<Whereabouts> {
  const [commit, top = checkout.root, changes] = await Promise.all([
    git(checkout, ['rev-parse', 'HEAD']),
    git(checkout, ['rev-parse', '--show-toplevel']),
    // List untracked files one by one: a new folder may hold only a report, or a report and other files.
    git(checkout, ['status', '--porcelain', '-z', '--untracked-files=all', '--', '.', ...ownFiles(checkout)]),
  ]);
  return {
    host: hostname(),
    scripts: projectRoot,
    checkout: {
      root: checkout.root,
      ...(commit === undefined ? {} : { commit: commit.trim() }),
      ...(changes === undefined ? {} : { clean: await isClean(top.trim(), changes) }),
    },
  };
}

// Where validate-rust-cutover puts its results.
const MATRIX_REPORTS = join('docs', 'reports', 'rust-cutover-validation');

/** Pathspecs that exclude the files which the scripts, and the gates that they run, leave uncommitted. */
function ownFiles({ serviceDir, webShellDir, ...rest }: TargetCheckout): string[] {
  const perf = join(webShellDir, 'perf');
  return [
    `:(exclude,literal)${reportsFolder({ serviceDir, webShellDir, ...rest })}`,
    `:(exclude,literal)${MATRIX_REPORTS}`,
    `:(exclude,literal)${join(webShellDir, 'dist')}`,
    `:(exclude,literal)${join(perf, 'latest.json')}`,
    `:(exclude,glob)${perf}/signoff-*.json`,
  ];
}

// If there are more changes than this, some of them are surely not reports.
const MOST_REPORTS = 50;

/** Whether nothing is changed but reports, which may lie anywhere: EVIDENCE_REPORT names their file. */
async function isClean(top: string, changes: string): Promise<boolean> {
  const entries = changes.split('\0').filter((entry) => entry !== '');
  if (entries.length > MOST_REPORTS) return false;
  // git puts two letters of state and a blank before each path. The old path of a renamed file follows as an entry
  // without them.
  const isReports = await Promise.all(entries.map((entry) => isReport(join(top, entry.slice(3)))));
  return isReports.every(Boolean);
}

async function isReport(path: string): Promise<boolean> {
  if (!path.endsWith('.md')) return false;
  const text = await readFile(path, 'latin1').catch(() => '');
  return findData(text).length > 0;
}

/** The user of this machine, who counts as the actor when no account is known. */
export function localActor(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container, the user's number may have no name.
    return 'somebody';
  }
}

async function git({ root }: TargetCheckout, args: readonly string[]): Promise<string | undefined> {
  // Takes none of git's locks, because a person may be committing at the same time.
  const answer = await runCommand(['git', '--no-optional-locks', '-C', root, ...args]);
  return answer.exitCode === 0 ? answer.stdout : undefined;
}
