import type { Environment } from './settings.ts';

// Where git finds a repository and its parts. In a hook, git sets these (https://git-scm.com/docs/githooks).
const WHERE = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_PREFIX',
  'GIT_COMMON_DIR',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_NAMESPACE',
  'GIT_SHALLOW_FILE',
  'GIT_GRAFT_FILE',
];

/**
 * The environment for git in a folder that we name. Leaves out the variables that would lead git to another repository,
 * such as that of the hook which started this script.
 */
export function gitEnvironment(env: Environment = process.env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || WHERE.includes(name) ? [] : [[name, value] as const],
    ),
  );
}
