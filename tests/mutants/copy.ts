import { execFile } from 'node:child_process';
import { copyFile, cp, lstat, mkdir, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Copies what git knows of the project, changes that are not committed included, with the links to the packages as
 * pnpm laid them. Stryker's own sandbox would not do: there `@deploy/...` leads back to the sources as they are. The
 * installed packages themselves are shared.
 */
export async function copyProject(from: string, to: string): Promise<void> {
  const { stdout } = await promisify(execFile)(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { cwd: from, maxBuffer: 64 * 1024 * 1024 },
  );
  // Git ignores folders of that name, but not links, which is what a copy has.
  const files = stdout.split('\0').filter((file) => file !== '' && basename(file) !== 'node_modules');
  for (const folder of new Set(files.map(dirname))) await mkdir(join(to, folder), { recursive: true });
  for (const file of files) await copyIfThere(join(from, file), join(to, file));
  await symlink(join(from, 'node_modules'), join(to, 'node_modules'));
  const members = files.filter((file) => file.endsWith('/package.json')).map(dirname);
  for (const member of members) {
    await copyIfThere(join(from, member, 'node_modules'), join(to, member, 'node_modules'));
  }
}

/** Tests keep thousands of compiled files beside the links, which are of no use under other paths. */
const isNoCache = (path: string): boolean => basename(path) !== '.cache';

/** A file that was deleted and not yet committed, or a package without dependencies, is nothing to copy. */
async function copyIfThere(from: string, to: string): Promise<void> {
  try {
    // Node's `cp` looks at every folder above a file, which takes four times as long as to copy it.
    if ((await lstat(from)).isFile()) await copyFile(from, to);
    else await cp(from, to, { recursive: true, verbatimSymlinks: true, filter: isNoCache });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
