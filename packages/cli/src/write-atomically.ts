import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const TEMPORARY = /^\.being-written\.[0-9a-f-]{36}\.tmp$/;

/**
 * Writes a file completely or not at all, even if the power fails: it writes a temporary file in the same folder, syncs
 * it, renames it, and syncs the folder. Nobody else can read the file before it is in place. (The package
 * write-file-atomic does not sync the folder, may leave a truncated file, and lets others read its temporary files.)
 */
export async function writeAtomically(path: string, content: Buffer | string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.being-written.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.chmod(0o644);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Removes the temporary files of writers that were killed. Call it only while holding the folder's lock, so that it
 * removes no file that is still being written.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  const leftovers = (await readdir(folder)).filter((name) => TEMPORARY.test(name));
  await Promise.all(leftovers.map((name) => rm(join(folder, name), { force: true })));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems cannot sync a folder, and report EINVAL (fsync(2)).
    if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) throw error;
  } finally {
    await handle.close();
  }
}
