import { constants, type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from './errors.ts';

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
    const file = await openOrdinary(path);
    // The last holder may have removed the very file that was opened here; a lock on that keeps nobody out.
    if (tryLock(file.fd) && (await isStillAt(file, path))) return file;
    await file.close();
    if (!told) onWait?.();
    told = true;
    await pause(5 + Math.random() * 20);
  } while (performance.now() < deadline);
  throw tooLong?.() ?? new Error(`${path} is locked`);
}

/**
 * Opens the file, creating it if necessary; neither through a symbolic link, which somebody else may have put
 * there to have another file made or locked, nor waiting at a pipe for somebody to read from it.
 */
async function openOrdinary(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600).catch(
    (error: NodeJS.ErrnoException) => {
      // A link; a pipe that nobody reads from; a folder.
      if (/^(?:ELOOP|EMLINK|ENXIO|EISDIR)$/.test(error.code ?? '')) throw notOrdinary(path);
      throw error;
    },
  );
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw notOrdinary(path);
}

function notOrdinary(path: string): UserError {
  return new UserError(`${path} is no ordinary file, so it cannot be a lock`, { hint: `Remove ${path}.` });
}

async function isStillAt(file: FileHandle, path: string): Promise<boolean> {
  const [held, there] = await Promise.all([
    file.stat({ bigint: true }),
    stat(path, { bigint: true }).catch(() => undefined),
  ]);
  return held.ino === there?.ino && held.dev === there.dev;
}
