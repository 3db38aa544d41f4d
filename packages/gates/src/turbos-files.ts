import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { projectRoot, withFileLock } from '@deploy/cli';

const LOCK = join(projectRoot, '.turbo/gates.lock');

/**
 * Does something while no other run uses the places of this project where turbo keeps a task's log and its evidence:
 * they are the same for every run.
 */
export async function holdingTurbosFiles<T>(onWait: () => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(LOCK), { recursive: true });
  return withFileLock(LOCK, { onWait }, work);
}
