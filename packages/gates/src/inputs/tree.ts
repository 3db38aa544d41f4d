import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '@deploy/cli';
import { InputsUnknown } from '../fingerprint-inputs.ts';
import { isCacheFolder, isLeftBehind } from './leftovers.ts';

/** What is at a path. */
export type Entry = {
  /** Differs when the content or the executable bit differs. */
  state: string;
  /** The time of the last change (ctime), in milliseconds. It reveals even an edit that was undone. */
  changedAt: number;
};

/** Entries by their path relative to the root. If a whole folder is one entry, its path ends with a slash. */
export type Entries = Map<string, Entry>;

export type TreeOptions = {
  /** Whether a path, relative to the root, is an output of builds or gates. */
  isOutput(path: string): boolean;
  /** Whether to read caches, and files that editors and operating systems leave behind. */
  withLeftovers: boolean;
};

const MISSING: Entry = { state: 'missing', changedAt: 0 };
const PART_BYTES = 256 * 1024;
// What was a file a moment ago may have become a link, which must not be followed, or a pipe, which must not be waited
// for.
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Reads the files at and under a path as a build would: byte by byte, and without git, which can be told to overlook
 * changes. Also returns the leftovers that it skipped. Reads synchronously, which takes a third of the time for ten
 * thousand small files. Throws InputsUnknown when something cannot be read.
 */
export function readTree(
  root: string,
  path: string,
  options: TreeOptions,
): { entries: Entries; leftovers: string[] } {
  const entries: Entries = new Map();
  const leftovers: string[] = [];
  if (!options.isOutput(path)) look(path);
  return { entries, leftovers };

  function look(at: string): void {
    const stats = statOf(join(root, at));
    if (stats === undefined) return;
    if (stats.isDirectory()) readFolder(at);
    else put(at, otherAt(join(root, at), stats));
  }

  function readFolder(at: string): void {
    const folder = join(root, at);
    const listed = list(folder);
    if (!options.withLeftovers && isCacheFolder(folder, listed)) {
      leftovers.push(at);
      return;
    }
    for (const found of listed) {
      const { name } = found;
      const child = at === '.' ? name : `${at}/${name}`;
      if (name === '.git') continue;
      if (!options.withLeftovers && isLeftBehind(name)) leftovers.push(child);
      else if (name === 'node_modules') put(`${child}/`, installedAt(join(root, child)));
      else if (options.isOutput(child)) continue;
      else if (found.isDirectory()) readFolder(child);
      else {
        // Opens the file without an lstat of its path first, which would cost as much as the opening. An fstat of the
        // open file shows whether it is a regular file.
        const file = found.isFile() ? fileAt(`${folder}/${name}`) : undefined;
        if (file === undefined) look(child);
        else put(child, file);
      }
    }
  }

  function put(at: string, entry: Entry | undefined): void {
    if (entry !== undefined) entries.set(at, entry);
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
  if (!stats.isDirectory()) return otherAt(real, stats) ?? MISSING;
  // The path leads back to a folder above it, so following it would never end.
  if (above.has(real)) return { state: 'circle', changedAt: stats.ctimeMs };
  const listed = list(real);
  if (isCacheFolder(real, listed)) return { state: 'cache', changedAt: 0 };
  const parts = listed
    .filter(({ name }) => name !== '.git')
    .map(({ name }) => ({ name, ...follow(join(real, name), new Set([...above, real])) }));
  const whole = hash('sha256', JSON.stringify(parts.map(({ name, state }) => [name, state])));
  return { state: `folder ${whole}`, changedAt: newest(parts) };
}

/** The entry of something that is not a folder; undefined when it is gone. */
function otherAt(path: string, stats: Stats): Entry | undefined {
  if (stats.isSymbolicLink()) return linkAt(path, stats);
  return stats.isFile() ? fileAt(path) : { state: 'special', changedAt: stats.ctimeMs };
}

function linkAt(path: string, stats: Stats): Entry {
  const { state, changedAt } = contentAt(path);
  return {
    state: `link ${readlinkSync(path)} ${state}`,
    changedAt: newest([{ changedAt }, { changedAt: stats.ctimeMs }]),
  };
}

/** A regular file; undefined when the path does not lead to one any more. */
function fileAt(path: string): Entry | undefined {
  const file = unlessMissing(() => openSync(path, READ));
  if (file === undefined) return undefined;
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) return undefined;
    const mode = stats.mode & 0o100 ? 'executable' : 'file';
    return { state: `${mode} ${hashOf(file, stats.size)}`, changedAt: stats.ctimeMs };
  } catch (error) {
    throw unreadable(error);
  } finally {
    closeSync(file);
  }
}

let part: Buffer | undefined;

function hashOf(file: number, size: number): string {
  part ??= Buffer.allocUnsafeSlow(PART_BYTES);
  let length = readSync(file, part);
  // Most files are read completely by the first call. If there may be more, read on until a call returns nothing.
  if (length === size && length < PART_BYTES) return hash('sha256', part.subarray(0, length));
  const whole = createHash('sha256');
  for (; length > 0; length = readSync(file, part)) whole.update(part.subarray(0, length));
  return whole.digest('hex');
}

function list(folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    // Node replaces bytes that are not UTF-8 with U+FFFD, and a file cannot be opened by a name changed in this way.
    const odd = entries.find(({ name }) => name.includes('\ufffd'));
    if (odd !== undefined) throw new Error(`${join(folder, odd.name)} has a name that is not UTF-8`);
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw unreadable(error);
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
    throw unreadable(error);
  }
}

function unreadable(error: unknown): InputsUnknown {
  return new InputsUnknown(`an input cannot be read: ${errorMessage(error)}`);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(?:ENOENT|ENOTDIR|ELOOP)$/.test(String(error.code));
}

function newest(entries: readonly Pick<Entry, 'changedAt'>[]): number {
  return entries.reduce((latest, { changedAt }) => Math.max(latest, changedAt), 0);
}
