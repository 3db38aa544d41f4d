import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

export type LockOptions = {
  /** How long to try; the default is for ever. */
  patienceMs?: number;
  /** Called once, when somebody else holds the lock. */
  onWait?(): void;
  /** What is thrown when patience has run out. */
  tooLong?(): Error;
};

/**
 * Does something while no other process, nor other part of this one, does so under this file, which is made and goes
 * again. The lock is the kernel's and lasts as long as the file is open: a holder that is killed lets go of it that
 * moment, and there is no stale lock to wait for or to guess about.
 */
export async function withFileLock<T>(
  path: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await acquire(path, options);
  try {
    return await work();
  } finally {
    // While it is still locked: nobody else can be working under the file that goes.
    await unlink(path).catch(() => {});
    await lock.close();
  }
}

async function acquire(path: string, options: LockOptions): Promise<FileHandle> {
  const { patienceMs = Number.POSITIVE_INFINITY, onWait, tooLong } = options;
  const { tryLock } = await import('fs-native-extensions');
  const deadline = performance.now() + patienceMs;
  let told = false;
  do {
    const file = await open(path, 'a');
    // The last holder may have removed the very file that was opened here; a lock on that keeps nobody out.
    if (tryLock(file.fd) && (await isStillAt(file, path))) return file;
    await file.close();
    if (!told) onWait?.();
    told = true;
    await pause(5 + Math.random() * 20);
  } while (performance.now() < deadline);
  throw tooLong?.() ?? new Error(`${path} is locked`);
}

async function isStillAt(file: FileHandle, path: string): Promise<boolean> {
  const [held, there] = await Promise.all([
    file.stat({ bigint: true }),
    stat(path, { bigint: true }).catch(() => undefined),
  ]);
  return held.ino === there?.ino && held.dev === there.dev;
}
