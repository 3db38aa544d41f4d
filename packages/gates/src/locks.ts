import { createHash } from 'node:crypto';
import { access, constants, mkdir, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { cleanLine, type Environment, errorMessage, projectRoot, UserError, withFileLock } from '@deploy/cli';

/**
 * Runs `work` while nothing else builds or measures in the same checkout, not even another copy of this project. A
 * build recreates `dist`, and would distort a measurement that runs beside it.
 */
export async function aloneIn<T>(
  root: string,
  env: Environment,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const place = createHash('sha256')
    .update(await realpath(root))
    .digest('hex')
    .slice(0, 16);
  return withFileLock(join(await lockFolder(env), `checkout-${place}.lock`), { onWait }, work);
}

/**
 * Runs `work` while this user measures nothing else on this machine, because two measurements would disturb each other.
 */
export async function aloneMeasuring<T>(
  env: Environment,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  return withFileLock(join(await lockFolder(env), 'measuring.lock'), { onWait }, work);
}

const TURBO_LOCK = join(projectRoot, '.turbo/gates.lock');

/**
 * Runs `work` while no other run uses the files in which turbo keeps a task's log and record: all runs of this project
 * share them.
 */
export async function aloneWithTurbosFiles<T>(
  wait: { onWait(): void; signal: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const folder = dirname(TURBO_LOCK);
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new UserError(
      `gates cannot run, because ${folder} cannot be written to (${cleanLine(errorMessage(error), 200)})`,
      { hint: 'Use a copy of this project that is yours.', cause: error },
    );
  }
  return withFileLock(TURBO_LOCK, wait, work);
}

/**
 * A folder for this user's locks that nobody else can write to: in the login session's runtime folder, else in the
 * cache (https://specifications.freedesktop.org/basedir-spec/latest), else in this project.
 */
async function lockFolder({ XDG_RUNTIME_DIR = '', XDG_CACHE_HOME = '', HOME }: Environment): Promise<string> {
  const home = HOME || homedir();
  const cache = process.platform === 'darwin' ? join(home, 'Library/Caches') : join(home, '.cache');
  const places = [XDG_RUNTIME_DIR, XDG_CACHE_HOME, cache].filter(isAbsolute);
  const folders = [
    ...places.map((place) => join(place, 'openagents-cloud-run/locks')),
    join(projectRoot, '.turbo/locks'),
  ];
  let failure: unknown;
  for (const folder of folders) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { uid, mode } = await stat(folder);
      const isOurs = process.getuid === undefined || uid === process.getuid();
      if (isOurs && (mode & 0o022) === 0) return folder;
      failure ??= new Error(`others can write to ${folder}`);
    } catch (error) {
      failure ??= error;
    }
  }
  throw new UserError(`there is no folder for the locks of gates: ${errorMessage(failure)}`, {
    hint: 'Set XDG_CACHE_HOME to a folder that you can write to.',
  });
}
