import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { contentAt, linkAt } from './content.ts';
import { mayConvert, readGitSettings } from './conversions.ts';
import type { Git } from './git.ts';
import { installedAt, isInstalled } from './installed.ts';
import { InputsUnknown } from './unknown.ts';

/** By path relative to the checkout's root: mode and content of every file, in a short text. */
export type FileStates = Map<string, string>;

export type WorktreeRequest = {
  root: string;
  /** Folders and files, relative to the root. */
  paths: readonly string[];
  /** Of the gates: where the user's own settings of git are. */
  env: Readonly<Record<string, string>>;
  /** Whether a path holds what builds and deployments leave behind, which is no input. */
  isOutput(path: string): boolean;
};

const SYMLINK = '120000';
const SUBMODULE = '160000';
// A command line is one argument of a shell, which Linux limits to 128 KiB: MAX_ARG_STRLEN in execve(2).
const LONGEST_ARGUMENTS = 60_000;

/**
 * The files under some paths as they are in the work tree: tracked, untracked, and ignored by git, since a build may
 * read those as well. Git knows the content of whatever has not been touched since it last looked, so only what has is
 * read. Throws InputsUnknown where git cannot tell.
 */
export async function readWorktree(request: WorktreeRequest, git: Git): Promise<FileStates> {
  const { root, isOutput } = request;
  const paths = ['--', ...request.paths];
  const [settings, tracked, changed, untracked, ignored] = await Promise.all([
    readGitSettings(root, git),
    git('ls-files', '-v', '--stage', '-z', ...paths),
    git('diff-files', '--name-only', '--no-renames', '--ignore-submodules=none', '-z', ...paths),
    git('ls-files', '--others', '--exclude-standard', '-z', ...paths),
    git('ls-files', '--others', '--ignored', '--exclude-standard', '--directory', '-z', ...paths),
  ]);
  const states: FileStates = new Map();
  const toRead = new Set([...lines(changed), ...lines(untracked), ...lines(ignored)]);
  for (const entry of lines(tracked)) {
    const [, tag, mode, blob, path] = /^(\S) (\d+) (\S+) \d\t(.*)$/s.exec(entry) ?? [];
    if (tag === undefined || path === undefined) throw new InputsUnknown(`git ls-files says: ${entry}`);
    // Anything but an ordinary file in an ordinary state: git would not say whether it has changed.
    if (tag !== 'H' || mode === SYMLINK || mode === SUBMODULE) toRead.add(path);
    else states.set(path, `${mode} ${blob}`);
  }
  const known = { root, paths: request.paths, files: [...states.keys(), ...toRead], env: request.env };
  if (await mayConvert(settings, known)) for (const path of states.keys()) toRead.add(path);
  const files: { path: string; mode: string }[] = [];
  for (const path of toRead) {
    states.delete(path);
    const found = await lstat(join(root, path)).catch(() => undefined);
    if (found === undefined) continue;
    if (found.isSymbolicLink()) states.set(path, await linkAt(join(root, path)));
    else if (found.isFile()) files.push({ path, mode: found.mode & 0o100 ? '100755' : '100644' });
    else if (isInstalled(path)) states.set(path, await installedAt(join(root, path)));
    else if (!isOutput(path)) states.set(path, await contentAt(join(root, path)));
  }
  for (const path of states.keys()) if (isOutput(path)) states.delete(path);
  const inputs = files.filter(({ path }) => !isOutput(path));
  const blobs = await hashObjects(
    inputs.map(({ path }) => path),
    git,
  );
  for (const [i, { path, mode }] of inputs.entries()) states.set(path, `${mode} ${blobs[i]}`);
  return states;
}

/** The blob ids of files as they are, whatever git would make of them on the way into a commit. */
async function hashObjects(paths: readonly string[], git: Git): Promise<string[]> {
  const batches: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const path of paths) {
    length += path.length + 10;
    if (length > LONGEST_ARGUMENTS) {
      batches.push([]);
      length = path.length + 10;
    }
    batches.at(-1)?.push(path);
  }
  const blobs: string[] = [];
  for (const batch of batches) {
    blobs.push(...(await git('hash-object', '--no-filters', '--', ...batch)).trimEnd().split('\n'));
  }
  return blobs;
}

function lines(output: string): string[] {
  return output.split('\0').filter((line) => line !== '');
}
