import { join } from 'node:path';

/** Gives this process the variables of a git hook in a repository, and others, until disposed of. */
export function inHookOf(repository: string, others: Readonly<Record<string, string>> = {}): Disposable {
  const git = join(repository, '.git');
  const added = { ...others, GIT_DIR: git, GIT_INDEX_FILE: join(git, 'index') };
  const before = { ...process.env };
  Object.assign(process.env, added);
  return {
    [Symbol.dispose]() {
      for (const name of Object.keys(added)) {
        delete process.env[name];
        if (before[name] !== undefined) process.env[name] = before[name];
      }
    },
  };
}
