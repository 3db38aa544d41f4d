import { InputsUnknown } from './unknown.ts';
import type { FileStates } from './worktree.ts';

/**
 * The files under some of the paths that they were grouped by, each once. Throws InputsUnknown when a package's folder
 * has none: it is not what was meant.
 */
export type FilesUnder = (paths: readonly string[], packages: readonly string[]) => FileStates;

/** Groups files by the paths that they lie under. One pass for all gates: there may be tens of thousands. */
export function groupByPath(files: FileStates, paths: readonly string[]): FilesUnder {
  const groups = new Map(paths.map((path) => [path, [] as [string, string][]]));
  for (const file of files) {
    for (const path of selfAndAbove(file[0])) groups.get(path)?.push(file);
  }
  return (wanted, packages) => {
    const empty = packages.find((path) => !groups.get(path)?.length);
    if (empty !== undefined) throw new InputsUnknown(`git knows no file in ${empty}`);
    return new Map(wanted.flatMap((path) => groups.get(path) ?? []));
  };
}

/** `a/b/c`, `a/b`, `a`, `.`: a path and the folders that it is in. */
function selfAndAbove(path: string): string[] {
  const all = [path, '.'];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
    all.push(path.slice(0, at));
  return all;
}
