import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { gitEnvironment, projectRoot, runCommand, type TargetCheckout, userName } from '@deploy/cli';
import { findData } from './document/data.ts';
import { reportsFolder } from './settings.ts';

/** Where a deployment was made from: the machine, the scripts, and the state of the checkout as far as git can tell. */
export type Whereabouts = {
  host: string;
  scripts: string;
  checkout: { root: string; commit?: string; clean?: boolean };
};

/** Asks the machine and git, and leaves out whatever git cannot say. */
export async function whereabouts(checkout: TargetCheckout): Promise<Whereabouts> {
  const [commit, changes] = await Promise.all([
    git(checkout, ['rev-parse', 'HEAD']),
    // List untracked files one by one. By default git lists a new folder as one entry, so reports in it could not be
    // told from other files.
    git(checkout, ['status', '--porcelain', '-z', '--untracked-files=all', '--', '.', ...ownFiles(checkout)]),
  ]);
  return {
    host: hostname(),
    scripts: projectRoot,
    checkout: {
      root: checkout.root,
      ...(commit === undefined ? {} : { commit: commit.trim() }),
      ...(changes === undefined ? {} : { clean: await isClean(checkout, changes) }),
    },
  };
}

// Where validate-rust-cutover puts its results.
const MATRIX_REPORTS = join('docs', 'reports', 'rust-cutover-validation');

/** Pathspecs that leave out the files that the scripts and the gates write. */
function ownFiles(checkout: TargetCheckout): string[] {
  const perf = join(checkout.webShellDir, 'perf');
  return [
    `:(exclude,literal)${reportsFolder(checkout)}`,
    `:(exclude,literal)${MATRIX_REPORTS}`,
    `:(exclude,literal)${join(checkout.webShellDir, 'dist')}`,
    `:(exclude,literal)${join(perf, 'latest.json')}`,
    `:(exclude,glob)${perf}/signoff-*.json`,
  ];
}

// If more files than this have changed, assume that not all of them are reports.
const MOST_REPORTS = 50;

/** Whether only reports have changed. They may lie anywhere, because EVIDENCE_REPORT may name any file. */
async function isClean(checkout: TargetCheckout, changes: string): Promise<boolean> {
  const entries = changes.split('\0').filter((entry) => entry !== '');
  if (entries.length === 0) return true;
  if (entries.length > MOST_REPORTS) return false;
  const top = (await git(checkout, ['rev-parse', '--show-toplevel'])) ?? checkout.root;
  // Cuts off the two letters and the blank that git puts before each path. A renamed file has a second entry, its old
  // path, which has no such prefix and is mutilated by the cut. So a rename never counts as a report.
  const isReports = await Promise.all(entries.map((entry) => isReport(join(top.trim(), entry.slice(3)))));
  return isReports.every(Boolean);
}

async function isReport(path: string): Promise<boolean> {
  if (!path.endsWith('.md')) return false;
  const text = await readFile(path, 'latin1').catch(() => '');
  return findData(text).length > 0;
}

/** The user and this machine, which stand for the actor if no account is known. */
export function localActor(): string {
  return `${userName()}@${hostname()}`;
}

async function git({ root }: TargetCheckout, args: readonly string[]): Promise<string | undefined> {
  // Take none of git's locks, because a person may be committing at the same time.
  const answer = await runCommand(['git', '--no-optional-locks', '-C', root, ...args], {
    env: gitEnvironment(),
  });
  return answer.exitCode === 0 ? answer.stdout : undefined;
}
