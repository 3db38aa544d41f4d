import type { Environment } from './settings.ts';

/**
 * The environment for git in a folder that we name, without git's own variables. In a hook they lead git to the hook's
 * repository, whatever the folder (https://git-scm.com/docs/githooks).
 */
export function gitEnvironment(env: Environment = process.env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || name.startsWith('GIT_') ? [] : [[name, value] as const],
    ),
  );
}
