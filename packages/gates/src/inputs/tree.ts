import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  type Dirent,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '@deploy/cli';
import { InputsUnknown } from '../fingerprint-inputs.ts';
import { isCacheFolder, isDropping } from './leftovers.ts';

/** What is at a path. */
export type Entry = {
  /** Differs when the content or the executable bit differs. */
  state: string;
  /** When the file system last saw a change (ctime), in milliseconds: this reveals an edit that was undone. */
  changedAt: number;
};

/** Entries by their path relative to the root; a folder that counts as one thing ends with a slash. */
export type Entries = Map<string, Entry>;

export type TreeOptions = {
  /** Whether a path, relative to the root, is an output of builds or gates. */
  isOutput(path: string): boolean;
  /** Whether to read the files of editors, systems and caches too. */
  withLeftovers: boolean;
};

const MISSING: Entry = { state: 'missing', changedAt: 0 };
const READ_IN_PARTS = 16 * 1024 * 1024;

/**
 * Reads the files at and under a path as a build would, byte by byte, without git, which can be told to overlook changes.
 * Also returns the leftovers that it skipped. Reading is synchronous because that takes a third of the time for ten
 * thousand small files. Throws InputsUnknown when something cannot be read.
 */
export function readTree(
  root: string,
  path: string,
  options: TreeOptions,
): { entries: Entries; leftovers: string[] } {
  const entries: Entries = new Map();
  const leftovers: string[] = [];
  visit(path, statOf(join(root, path)));
  return { entries, leftovers };

  function visit(at: string, stats: Stats | undefined): void {
    if (stats === undefined || options.isOutput(at)) return;
    if (!stats.isDirectory()) {
      entries.set(at, stats.isSymbolicLink() ? linkAt(join(root, at), stats) : fileAt(join(root, at), stats));
      return;
    }
    const listed = list(join(root, at));
    if (!options.withLeftovers && isCacheFolder(join(root, at), listed)) {
      leftovers.push(at);
      return;
    }
    for (const { name } of listed) {
      const child = at === '.' ? name : `${at}/${name}`;
      if (name === '.git') continue;
      if (!options.withLeftovers && isDropping(name)) leftovers.push(child);
      else if (name === 'node_modules') entries.set(`${child}/`, installedAt(join(root, child)));
      else visit(child, statOf(join(root, child)));
    }
  }
}

/**
 * The content of a file, or of a folder with everything in it, as one entry. Follows symbolic links.
 */
export function contentAt(path: string): Entry {
  return follow(path, new Set());
}

// Where npm, pnpm and yarn record the packages that they installed. Reading the packages themselves would take longer
// than the gates.
const NOTES = ['.package-lock.json', '.pnpm/lock.yaml', '.yarn-state.yml', '.yarn-integrity'];

/** A folder of installed packages: the package manager's records if there are any, otherwise every file. */
export function installedAt(folder: string): Entry {
  const notes = NOTES.map((name) => contentAt(join(folder, name)));
  if (notes.every(({ state }) => state === MISSING.state)) return contentAt(folder);
  return { state: `installed ${notes.map(({ state }) => state).join(' ')}`, changedAt: newest(notes) };
}

function follow(path: string, above: ReadonlySet<string>): Entry {
  const real = realPathOf(path);
  const stats = real === undefined ? undefined : statOf(real);
  if (real === undefined || stats === undefined) return MISSING;
  if (!stats.isDirectory()) return fileAt(real, stats);
  // A link to a folder above would loop for ever.
  if (above.has(real)) return { state: 'circle', changedAt: stats.ctimeMs };
  const listed = list(real);
  if (isCacheFolder(real, listed)) return { state: 'cache', changedAt: 0 };
  const parts = listed
    .filter(({ name }) => name !== '.git')
    .map(({ name }) => ({ name, ...follow(join(real, name), new Set([...above, real])) }));
  const whole = hash('sha256', JSON.stringify(parts.map(({ name, state }) => [name, state])));
  return { state: `folder ${whole}`, changedAt: newest(parts) };
}

function linkAt(path: string, stats: Stats): Entry {
  const { state, changedAt } = contentAt(path);
  return {
    state: `link ${readlinkSync(path)} ${state}`,
    changedAt: newest([{ changedAt }, { changedAt: stats.ctimeMs }]),
  };
}

function fileAt(path: string, stats: Stats): Entry {
  const changedAt = stats.ctimeMs;
  if (!stats.isFile()) return { state: 'special', changedAt };
  const mode = stats.mode & 0o100 ? 'executable' : 'file';
  return { state: `${mode} ${hashOf(path, stats.size)}`, changedAt };
}

function hashOf(path: string, size: number): string {
  try {
    return size < READ_IN_PARTS ? hash('sha256', readFileSync(path)) : hashInParts(path);
  } catch (error) {
    throw new InputsUnknown(`an input cannot be read: ${errorMessage(error)}`);
  }
}

function hashInParts(path: string): string {
  const whole = createHash('sha256');
  const part = Buffer.alloc(1024 * 1024);
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, part); read > 0; read = readSync(file, part))
      whole.update(part.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return whole.digest('hex');
}

function list(folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    // Node replaces bytes that are not UTF-8, and the resulting name does not exist.
    const odd = entries.find(({ name }) => name.includes('\ufffd'));
    if (odd !== undefined) throw new Error(`${join(folder, odd.name)} has a name that is not UTF-8`);
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw new InputsUnknown(`an input cannot be read: ${errorMessage(error)}`);
  }
}

function statOf(path: string): Stats | undefined {
  return unlessMissing(() => lstatSync(path));
}

function realPathOf(path: string): string | undefined {
  return unlessMissing(() => realpathSync(path));
}

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new InputsUnknown(`an input cannot be read: ${errorMessage(error)}`);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(?:ENOENT|ENOTDIR|ELOOP)$/.test(String(error.code));
}

function newest(entries: readonly Pick<Entry, 'changedAt'>[]): number {
  return entries.reduce((latest, { changedAt }) => Math.max(latest, changedAt), 0);
}
