import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, type TargetCheckout } from '@deploy/cli';

export type TestCheckout = TargetCheckout & {
  /** The folder that reports are in. */
  reports: string;
  /** The names of all files in that folder, hidden ones too. */
  files(): Promise<string[]>;
} & AsyncDisposable;

let committed: Promise<string> | undefined;

/** A committed git checkout with a service in it, in a temporary folder. */
export async function testCheckout(): Promise<TestCheckout> {
  const root = await mkdtemp(join(tmpdir(), 'report-'));
  const reports = join(root, 'service/docs/reports');
  committed ??= commitOne();
  await cp(await committed, root, { recursive: true });
  return {
    root,
    serviceDir: 'service',
    webShellDir: 'web-shell',
    reports,
    files: async () => (await readdir(reports)).sort(),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** The one that the others are copies of: git takes longer than a copy. */
async function commitOne(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'report-'));
  process.once('exit', () => rmSync(root, { recursive: true }));
  await mkdir(join(root, 'service'));
  const git = (...args: string[]) =>
    runCommand(['git', '-C', root, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args]);
  await git('init', '-q', '--template=');
  await git('-c', 'maintenance.auto=false', 'commit', '-q', '--allow-empty', '-m', 'begin');
  return root;
}
