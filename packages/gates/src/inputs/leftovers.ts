import { type Dirent, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Names of files that macOS, Windows, vim, Emacs, other editors, network file systems and Python leave behind. A file
// that ends with .rs never counts as left behind, because cargo may build it as a program.
const LEFT_BEHIND =
  /^(?:\.DS_Store|\._.*|Thumbs\.db|[Dd]esktop\.ini|\..*\.sw[a-p]|4913|.*~|\.#.*|#.*#|\.nfs[0-9a-f]+|\.fuse_hidden.*|__pycache__|\.idea|\.vscode)$/;

/** Whether editors or systems leave behind files of this name. */
export function isLeftBehind(name: string): boolean {
  return LEFT_BEHIND.test(name) && !name.endsWith('.rs');
}

// The file that marks a folder as a cache: https://bford.info/cachedir/
const TAG = 'CACHEDIR.TAG';
const SIGNATURE = 'Signature: 8a477f597d28d172789f06886806bc55';

/** Whether a folder is marked as a cache. Cargo marks its build folders this way. */
export function isCacheFolder(folder: string, entries: readonly Dirent[]): boolean {
  if (!entries.some((entry) => entry.name === TAG && entry.isFile())) return false;
  try {
    return readFileSync(join(folder, TAG), 'latin1').startsWith(SIGNATURE);
  } catch {
    return false;
  }
}
