import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TargetCheckout } from '@deploy/cli';
import { gitIn } from '../../support/git.ts';

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
  await gitIn(root, 'init', '-q', '--template=');
  await gitIn(root, '-c', 'maintenance.auto=false', 'commit', '-q', '--allow-empty', '-m', 'begin');
  return root;
}
