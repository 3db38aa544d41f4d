import { InputsUnknown } from '../fingerprint-inputs.ts';
import type { Entries, Entry } from './tree.ts';

/**
 * Returns each entry under `paths` once. Only paths that were grouped may be asked for. Throws InputsUnknown when one
 * of the folders in `packages` has no entries, because it must be the wrong folder.
 */
export type FilesUnder = (paths: readonly string[], packages: readonly string[]) => Entries;

/**
 * Groups entries by the paths that they lie under, in one pass for all gates, as there may be tens of thousands of
 * entries.
 */
export function groupByPath(entries: Entries, paths: readonly string[]): FilesUnder {
  const groups = new Map(paths.map((path) => [path, [] as [string, Entry][]]));
  const ofFolder = new Map<string, [string, Entry][][]>();
  for (const entry of entries) {
    const [path] = entry;
    groups.get(path)?.push(entry);
    for (const group of groupsAt(folderOf(path))) group.push(entry);
  }
  return (wanted, packages) => {
    const empty = packages.find((path) => !groups.get(path)?.length);
    if (empty !== undefined) throw new InputsUnknown(`there is no file in ${empty}`);
    return new Map(wanted.flatMap((path) => groups.get(path) ?? []));
  };

  function groupsAt(folder: string): [string, Entry][][] {
    const known = ofFolder.get(folder);
    if (known !== undefined) return known;
    const own = groups.get(folder);
    const above = folder === TOP ? [] : groupsAt(folderOf(folder));
    const all = own === undefined ? above : [own, ...above];
    ofFolder.set(folder, all);
    return all;
  }
}

const TOP = '.';

function folderOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end > 0 ? path.slice(0, end) : TOP;
}
