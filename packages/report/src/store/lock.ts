import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '@deploy/cli';

const LOCK_FILE = '.staging-deploy-report.lock';
const PATIENCE_MS = 30_000;

/**
 * Does something while no other process, nor other part of this one, does so in this folder. The lock is the kernel's
 * and lasts as long as its file is open: a holder that is killed lets go of it that moment, and there is no stale lock
 * to wait for or to guess about. Throws a UserError when it is not to be had in half a minute.
 */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, LOCK_FILE);
  const lock = await acquire(path, folder);
  try {
    return await work();
  } finally {
    // While it is still locked: nobody else can be working under the file that goes.
    await unlink(path).catch(() => {});
    await lock.close();
  }
}

async function acquire(path: string, folder: string): Promise<FileHandle> {
  const { tryLock } = await import('fs-native-extensions');
  const deadline = Date.now() + PATIENCE_MS;
  do {
    const file = await open(path, 'a');
    // The last holder may have removed the very file that was opened here; a lock on that keeps nobody out.
    if (tryLock(file.fd) && (await isStillAt(file, path))) return file;
    await file.close();
    await pause(5 + Math.random() * 20);
  } while (Date.now() < deadline);
  throw new UserError(`another command has been writing evidence in ${folder} for ${PATIENCE_MS / 1000} s`, {
    hint: `See which process holds ${path}: lsof ${path}`,
  });
}

async function isStillAt(file: FileHandle, path: string): Promise<boolean> {
  const [held, there] = await Promise.all([
    file.stat({ bigint: true }),
    stat(path, { bigint: true }).catch(() => undefined),
  ]);
  return held.ino === there?.ino && held.dev === there.dev;
}
