import { join } from 'node:path';
import { UserError, withFileLock } from '@deploy/cli';

const LOCK_FILE = '.staging-deploy-report.lock';
const PATIENCE_MS = 30_000;

/** Does something while nobody else writes evidence in this folder. Throws a UserError after half a minute's wait. */
export function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, LOCK_FILE);
  const tooLong = (): Error =>
    new UserError(`another command has been writing evidence in ${folder} for ${PATIENCE_MS / 1000} s`, {
      hint: `See which process holds ${path}: lsof ${path}`,
    });
  return withFileLock(path, { patienceMs: PATIENCE_MS, tooLong }, work);
}
