import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Git } from './git.ts';

// https://git-scm.com/docs/gitattributes: those that make a file in the work tree another than the blob.
const CONVERTING = /(?:^|[\s!-])(?:text|eol|crlf|filter|ident|working-tree-encoding)\b/;

// https://git-scm.com/docs/git-config: with these, git does not look at modes, at links, or at every change.
const OVERLOOKING: Readonly<Record<string, RegExp>> = {
  'core.autocrlf': /^(?!false$)/,
  'core.filemode': /^false$/,
  'core.symlinks': /^false$/,
  'core.checkstat': /^minimal$/,
  'core.trustctime': /^false$/,
  'core.ignorestat': /^true$/,
};

export type GitSettings = { config: ReadonlyMap<string, string>; ownAttributes: string };

/** What git goes by in a checkout, beside the attributes that lie among the files. */
export async function readGitSettings(root: string, git: Git): Promise<GitSettings> {
  const own = join('.git', 'info/attributes');
  const [list, ownAttributes] = await Promise.all([
    git('config', '--list', '-z'),
    // In a work tree beside the main one `.git` is a file, and git knows where the rest is.
    statSync(join(root, '.git'), { throwIfNoEntry: false })?.isDirectory()
      ? own
      : git('rev-parse', '--git-path', 'info/attributes'),
  ]);
  const config = list.split('\0').map((entry): [string, string] => {
    const [name = '', ...value] = entry.split('\n');
    return [name, value.join('\n')];
  });
  return { config: new Map(config), ownAttributes: resolve(root, ownAttributes.trim()) };
}

export type ConversionRequest = {
  root: string;
  /** Folders and files that matter, relative to the root. */
  paths: readonly string[];
  /** Files that are there, relative to the root. */
  files: Iterable<string>;
  env: Readonly<Record<string, string | undefined>>;
};

/**
 * Whether a file that git calls unchanged may be another one for a build: line endings and filters are applied between the
 * two, and modes may not count. Says yes when in doubt.
 */
export async function mayConvert(
  { config, ownAttributes }: GitSettings,
  { root, paths, files, env }: ConversionRequest,
): Promise<boolean> {
  const overlooks = Object.entries(OVERLOOKING).some(([name, bad]) => {
    const value = config.get(name);
    return value !== undefined && bad.test(value);
  });
  if (overlooks) return true;
  const home = env.XDG_CONFIG_HOME || join(env.HOME ?? '/', '.config');
  const above = new Set(paths.flatMap((path) => foldersAbove(path)));
  const attributes = [
    config.get('core.attributesfile')?.replace(/^~(?=\/)/, env.HOME ?? '~') ?? join(home, 'git/attributes'),
    ownAttributes,
    ...[...above].map((folder) => join(root, folder, '.gitattributes')),
    ...[...files].filter((file) => file.endsWith('/.gitattributes')).map((file) => join(root, file)),
  ];
  const texts = await Promise.all(
    attributes.filter((path) => existsSync(path)).map((path) => readFile(path, 'utf8')),
  );
  return texts.some((text) => CONVERTING.test(text));
}

/** The folders that a path is in, and itself: `.`, `a`, `a/b`. */
function foldersAbove(path: string): string[] {
  return path === '.' ? ['.'] : [path, ...foldersAbove(dirname(path))];
}
