import { runCommand } from '@deploy/cli';

/** Nobody: the configuration of whoever runs the tests, who may sign commits or hook into them, is not theirs. */
const NOBODYS = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Sample',
  GIT_AUTHOR_EMAIL: 'sample@example.com',
  GIT_COMMITTER_NAME: 'Sample',
  GIT_COMMITTER_EMAIL: 'sample@example.com',
};

/** This process's environment for git, without the variables with which a hook or a rebase leads it to its own repository. */
export function gitEnvironment(): Record<string, string> {
  const others = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || name.startsWith('GIT_') ? [] : [[name, value] as const],
  );
  return { ...Object.fromEntries(others), ...NOBODYS };
}

/** Runs git in a folder, as a person who is not one of this machine, and returns its output. Throws when git fails. */
export async function gitIn(root: string, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(['git', ...args], {
    cwd: root,
    env: gitEnvironment(),
  });
  if (exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
  return stdout;
}
