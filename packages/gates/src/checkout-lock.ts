import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFileLock } from '@deploy/cli';

/**
 * Does something in a checkout while nothing else that builds or measures does so there, from whatever copy of this
 * project: builds make `dist` from scratch, and a build beside it would be measured as well.
 */
export async function aloneIn<T>(root: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const place = createHash('sha256')
    .update(await realpath(root))
    .digest('hex')
    .slice(0, 16);
  // By user: one cannot open the file of another.
  const lock = join(tmpdir(), `gates-${process.getuid?.() ?? 'user'}-${place}.lock`);
  return withFileLock(lock, { onWait }, work);
}
