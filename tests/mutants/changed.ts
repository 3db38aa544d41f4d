import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AREAS, type Area } from './areas.ts';

/**
 * The base of what docs/mutants.md was measured of: it is known by content, so that it survives rebasing and shallow
 * clones.
 */
export const MEASURED = 'measured';

/** Lines from 1 on, both included. */
export type Lines = { from: number; to: number };

/** A file that differs from the base, and the lines that do; all of it when what it was cannot be found here. */
export type ChangedFile = { file: string; lines: readonly Lines[] | 'all' };

export type ChangedArea = { area: Area; changed: readonly ChangedFile[] };

/** The git id of a file's text at the base, by path from the root; undefined for a file that was not there. */
export type TextAtBase = (file: string) => string | undefined;

type Git = (...args: readonly string[]) => Promise<string>;

export function gitIn(root: string): Git {
  return async (...args) => (await promisify(execFile)('git', args, { cwd: root })).stdout.trimEnd();
}

/** The texts at a commit; undefined when there is no such commit here, as in a shallow clone. */
export async function textsAt(git: Git, base: string): Promise<TextAtBase | undefined> {
  const commit = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`).catch(
    () => undefined,
  );
  if (commit === undefined) return undefined;
  const listed = await git('ls-tree', '-r', '-z', '--format=%(objectname) %(path)', '--full-tree', commit);
  const ids = new Map(
    listed.split('\0').map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]),
  );
  return (file) => ids.get(file);
}

/** The git ids of texts as they are now, what is not committed included. A file that is gone is left out. */
export async function textsNow(git: Git, files: readonly string[]): Promise<Map<string, string>> {
  const ids = await Promise.all(
    files.map(async (file) => [file, await git('hash-object', '--', file).catch(() => undefined)] as const),
  );
  return new Map(ids.flatMap(([file, id]) => (id === undefined ? [] : [[file, id]])));
}

/** The areas with files that differ from the base, each with only these. */
export async function changedAreas(git: Git, atBase: TextAtBase): Promise<ChangedArea[]> {
  const now = await textsNow(
    git,
    AREAS.flatMap(({ folder, files }) => files.map((file) => `${folder}/${file}`)),
  );
  const areas = await Promise.all(
    AREAS.map(async (area) => {
      const files = area.files
        .map((file) => `${area.folder}/${file}`)
        .filter((file) => now.has(file) && now.get(file) !== atBase(file));
      const changed = await Promise.all(
        files.map(async (file) => ({ file, lines: await changedLines(git, atBase(file), file) })),
      );
      return { area, changed };
    }),
  );
  return areas.filter(({ changed }) => changed.length > 0);
}

async function changedLines(git: Git, before: string | undefined, file: string): Promise<Lines[] | 'all'> {
  if (before === undefined) return 'all';
  const diff = await git('diff', '--unified=0', '--no-color', '--no-ext-diff', before, '--', file).catch(
    () => undefined,
  );
  return diff === undefined ? 'all' : linesOf(diff);
}

/** The lines that a diff without context adds or changes, and those around what it takes away. */
function linesOf(diff: string): Lines[] {
  return [...diff.matchAll(/^@@ -\S+ \+(\d+)(?:,(\d+))? @@/gm)].map(([, start, count = '1']) => {
    const from = Number(start);
    return count === '0' ? { from: Math.max(1, from), to: from + 1 } : { from, to: from + Number(count) - 1 };
  });
}
