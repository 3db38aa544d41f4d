import { gitEnvironment, runCommand } from '@deploy/cli';

/** Without the configuration of whoever runs the tests, who may sign commits or have hooks. */
const NOBODYS = {
  // Git before 2.32 does not know GIT_CONFIG_GLOBAL.
  HOME: import.meta.dirname,
  XDG_CONFIG_HOME: import.meta.dirname,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_COUNT: '0',
  GIT_CONFIG_PARAMETERS: '',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Sample',
  GIT_AUTHOR_EMAIL: 'sample@example.com',
  GIT_COMMITTER_NAME: 'Sample',
  GIT_COMMITTER_EMAIL: 'sample@example.com',
};

/** This process's environment for git, as the product has it, for nobody in particular. */
export function nobodysGitEnvironment(): Record<string, string> {
  return { ...gitEnvironment(), ...NOBODYS };
}

/** Runs git in a folder, as somebody unknown to this machine, and returns its output. Throws when git fails. */
export async function gitIn(root: string, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(['git', ...args], {
    cwd: root,
    env: nobodysGitEnvironment(),
  });
  if (exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
  return stdout;
}
