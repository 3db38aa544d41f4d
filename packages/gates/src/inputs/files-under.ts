import { InputsUnknown } from '../fingerprint-inputs.ts';
import type { Entries, Entry } from './tree.ts';

/**
 * Returns the entries under some of the grouped paths, each once. Throws InputsUnknown when a package folder has no
 * entries: it must be the wrong folder.
 */
export type FilesUnder = (paths: readonly string[], packages: readonly string[]) => Entries;

/** Groups entries by the paths above them, in one pass for all gates: there may be tens of thousands of entries. */
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

/** A path and the folders above it: `a/b/c`, `a/b`, `a`, `.`. */
function selfAndAbove(path: string): string[] {
  const all = [path, '.'];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
    all.push(path.slice(0, at));
  return all;
}
