import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AREAS, type Area } from './areas.ts';

/**
 * The areas, each with only those of its files that differ from a commit, what is not committed included; undefined when
 * there is no such commit here, as in a shallow clone.
 */
export async function changedAreas(root: string, base: string): Promise<Area[] | undefined> {
  const git = promisify(execFile);
  const options = { cwd: root };
  try {
    await git('git', ['rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`], options);
  } catch {
    return undefined;
  }
  const { stdout } = await git(
    'git',
    ['diff', '-z', '--name-only', '--no-renames', '--diff-filter=AM', '--end-of-options', base, '--'],
    options,
  );
  const changed = new Set(stdout.split('\0'));
  return AREAS.flatMap((area) => {
    const files = area.files.filter((file) => changed.has(`${area.folder}/${file}`));
    return files.length === 0 ? [] : [{ ...area, files }];
  });
}
