import { type Dirent, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Git } from './git.ts';

// Of macOS, Windows, vim, Emacs, other editors, network file systems and Python. Cargo may take any file that ends
// with .rs for a program of its own, so such a file always counts.
const DROPPING =
  /^(?:\.DS_Store|\._.*|Thumbs\.db|[Dd]esktop\.ini|\..*\.sw[a-p]|4913|.*~|\.#.*|#.*#|\.nfs[0-9a-f]+|\.fuse_hidden.*|__pycache__|\.idea|\.vscode)$/;

/** Whether something has the name of what editors and systems leave behind. */
export function isDropping(name: string): boolean {
  return DROPPING.test(name) && !name.endsWith('.rs');
}

// https://bford.info/cachedir/
const TAG = 'CACHEDIR.TAG';
const SIGNATURE = 'Signature: 8a477f597d28d172789f06886806bc55';

/** Whether a folder is marked as a cache, as cargo marks the folders that it builds into. */
export function isCacheFolder(folder: string, entries: readonly Dirent[]): boolean {
  if (!entries.some((entry) => entry.name === TAG && entry.isFile())) return false;
  try {
    return readFileSync(join(folder, TAG), 'latin1').startsWith(SIGNATURE);
  } catch {
    return false;
  }
}

// Of one command line; more are looked up in the list of everything.
const MOST_ASKED = 200;

/** The leftovers that git tracks, which are inputs then; without git, all of them. */
export async function trackedAmong(leftovers: readonly string[], git: Git): Promise<string[]> {
  if (leftovers.length === 0) return [];
  const asked = leftovers.length <= MOST_ASKED ? leftovers : [];
  const output = await git('ls-files', '-z', '--', ...asked).catch(() => undefined);
  if (output === undefined) return [...leftovers];
  const tracked = output.split('\0').filter((path) => path !== '');
  return leftovers.filter((path) => tracked.some((each) => each === path || each.startsWith(`${path}/`)));
}
