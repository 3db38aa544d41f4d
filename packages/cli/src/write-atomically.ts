import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const TEMPORARY = /^\.being-written\.[0-9a-f-]{36}\.tmp$/;

/**
 * Puts a file in place whole or not at all, also when the power goes: written beside it, synced, renamed, and the
 * folder synced. Nobody else can read it before it is in place. (write-file-atomic syncs no folder and may cut a write
 * short; its temporary files have the final mode from the start.)
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

/** Removes what writers that were killed have left. For the holder of the folder's lock: none of it is in use then. */
export async function removeLeftovers(folder: string): Promise<void> {
  const leftovers = (await readdir(folder)).filter((name) => TEMPORARY.test(name));
  await Promise.all(leftovers.map((name) => rm(join(folder, name), { force: true })));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems know no syncing of folders, and say so (fsync(2): EINVAL).
    if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) throw error;
  } finally {
    await handle.close();
  }
}
