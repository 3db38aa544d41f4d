import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const MISSING = 'missing';

/**
 * What is at a path, as a short text that changes when it does: a file's content and whether it can be executed, a
 * folder's with everything in it, a link's with what it leads to.
 */
export function contentAt(path: string): Promise<string> {
  return look(path, new Set());
}

/** What a symbolic link says, and what is there. */
export async function linkAt(path: string): Promise<string> {
  return `link ${await readlink(path)} ${await contentAt(path)}`;
}

async function look(path: string, above: ReadonlySet<string>): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  const found = real === undefined ? undefined : await lstat(real).catch(() => undefined);
  if (real === undefined || found === undefined) return MISSING;
  if (found.isFile()) return `${found.mode & 0o100 ? '100755' : '100644'} ${await hashOfFile(real)}`;
  if (!found.isDirectory()) return 'special';
  // A link to a folder above leads round in a circle.
  if (above.has(real)) return 'circle';
  return `folder ${await hashOfFolder(real, new Set([...above, real]))}`;
}

async function hashOfFolder(folder: string, above: ReadonlySet<string>): Promise<string> {
  const hash = createHash('sha256');
  const names = (await readdir(folder)).filter((name) => name !== '.git').sort();
  for (const name of names) {
    // What a build has left there is no input: https://bford.info/cachedir/
    if (names.includes('CACHEDIR.TAG')) break;
    hash.update(JSON.stringify([name, await look(join(folder, name), above)]));
  }
  return hash.digest('hex');
}

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
