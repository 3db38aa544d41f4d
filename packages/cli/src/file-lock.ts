import { constants, type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from './errors.ts';

type LockOptions = {
  /**
   * How long to wait for one holder of the lock; unlimited by default. If another gets the lock meanwhile, the time begins
   * anew, because the lock is then in use and not stuck.
   */
  patienceMs?: number;
  /** Called once, if somebody else holds the lock. */
  onWait?(): void;
  /** Makes the error to throw when the time is up. */
  tooLong?(): Error;
  /** Ends the wait: it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
};

/**
 * Runs work while holding the lock on this file, so that no other process, and no other part of this one, can hold it.
 * The file is created for the lock and removed afterwards. When the lock's holder dies, the kernel frees the lock at
 * once, so a lock is never stale.
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
    // Remove the file before releasing the lock. After the release, another process may already hold the lock on this
    // file.
    await unlink(path).catch(() => {});
    await lock.close();
  }
}

async function acquire(path: string, options: LockOptions): Promise<FileHandle> {
  const { patienceMs = Number.POSITIVE_INFINITY, onWait, tooLong, signal } = options;
  const { tryLock } = await import('fs-native-extensions');
  let holder: string | undefined;
  let deadline = Number.POSITIVE_INFINITY;
  do {
    signal?.throwIfAborted();
    const file = await openOrdinary(path);
    // The last holder may have removed the file after it was opened here. A lock on a removed file would exclude
    // nobody.
    if (tryLock(file.fd) && (await isStillAt(file, path))) {
      await markAsNew(file);
      return file;
    }
    const { ino, ctimeNs } = await file.stat({ bigint: true });
    await file.close();
    if (holder === undefined) onWait?.();
    const found = `${ino} ${ctimeNs}`;
    if (holder !== found) deadline = performance.now() + patienceMs;
    holder = found;
    await pause(5 + Math.random() * 20);
  } while (performance.now() < deadline);
  throw tooLong?.() ?? new Error(`${path} is locked`);
}

/**
 * Changes the file's times, so that whoever waits sees that the lock has another holder. The file itself may still be that
 * of a holder that was killed, and the file system may give a new file the inode number of the one removed before.
 */
async function markAsNew(file: FileHandle): Promise<void> {
  const now = new Date();
  // Some file systems refuse this. Then the lock still works, and only the time to wait for it is shorter.
  await file.utimes(now, now).catch(() => {});
}

/**
 * Opens the file, and creates it if necessary. Does not follow a symbolic link, because somebody may have put one there
 * to make us create or lock another file. If the file is a named pipe, does not wait for a reader.
 */
async function openOrdinary(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600).catch(
    (error: NodeJS.ErrnoException) => {
      // The path is a link, a pipe that nobody reads from, or a folder.
      if (/^(?:ELOOP|EMLINK|ENXIO|EISDIR)$/.test(error.code ?? '')) throw notOrdinary(path);
      throw error;
    },
  );
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw notOrdinary(path);
}

function notOrdinary(path: string): UserError {
  return new UserError(`${path} is not an ordinary file, so it cannot be a lock`, {
    hint: `Remove ${path}.`,
  });
}

async function isStillAt(file: FileHandle, path: string): Promise<boolean> {
  const [held, there] = await Promise.all([
    file.stat({ bigint: true }),
    stat(path, { bigint: true }).catch(() => undefined),
  ]);
  return held.ino === there?.ino && held.dev === there.dev;
}
