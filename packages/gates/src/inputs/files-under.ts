import type { Entries, Entry } from './tree.ts';
import { InputsUnknown } from './unknown.ts';

/**
 * The entries under some of the paths that they were grouped by, each once. Throws InputsUnknown when a package's folder
 * has none: the folder is not the one that was meant.
 */
export type FilesUnder = (paths: readonly string[], packages: readonly string[]) => Entries;

/** Groups entries by the paths that they lie under. One pass for all gates: there may be tens of thousands. */
export function groupByPath(entries: Entries, paths: readonly string[]): FilesUnder {
  const groups = new Map(paths.map((path) => [path, [] as [string, Entry][]]));
  for (const entry of entries) {
    for (const path of selfAndAbove(entry[0])) groups.get(path)?.push(entry);
  }
  return (wanted, packages) => {
    const empty = packages.find((path) => !groups.get(path)?.length);
    if (empty !== undefined) throw new InputsUnknown(`there is no file in ${empty}`);
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
