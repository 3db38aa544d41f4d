import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from './errors.ts';

/**
 * Makes a folder and those above it, as far as they are not there. Throws the file system's error when that cannot be. Not
 * with Node's own `recursive`, which never ends below a folder in which nothing can be made, such as `/proc`.
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && dirname(path) !== path) {
      await makeFolders(dirname(path));
      await mkdir(path).catch((again) => unlessThere(path, again));
    } else await unlessThere(path, error);
  }
}

async function unlessThere(path: string, error: unknown): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw error;
}
