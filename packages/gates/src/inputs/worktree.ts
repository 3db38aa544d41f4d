import { type Git, trackedAmong } from './git.ts';
import { type Entries, readTree, type TreeOptions } from './tree.ts';

export type WorktreeRequest = {
  root: string;
  /** Folders and files, relative to the root. */
  paths: readonly string[];
  isOutput: TreeOptions['isOutput'];
};

/**
 * The files under some paths in the work tree, even untracked and ignored ones, because a build may read them all. Left
 * out are outputs, untracked caches, and untracked files that an editor or a system left behind.
 */
export async function readWorktree({ root, paths, isOutput }: WorktreeRequest, git: Git): Promise<Entries> {
  const trees = topmost(paths).map((path) => readTree(root, path, { isOutput, withLeftovers: false }));
  const tracked = await trackedAmong(
    trees.flatMap(({ leftovers }) => leftovers),
    git,
  );
  const whole = tracked.map((path) => readTree(root, path, { isOutput, withLeftovers: true }));
  return new Map([...trees, ...whole].flatMap(({ entries }) => [...entries]));
}

/** The paths that do not lie under another of the given paths. */
function topmost(paths: readonly string[]): string[] {
  const sorted = [...new Set(paths)].sort();
  return sorted.filter(
    (path) => !sorted.some((other) => other !== path && (other === '.' || path.startsWith(`${other}/`))),
  );
}
