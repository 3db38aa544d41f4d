import { runCommand } from '@deploy/cli';
import { nobodysGitEnvironment } from '@deploy/rehearsal/stage';

/** The environment in which tests run git. This folder has no configuration of git. */
export function testGitEnvironment(): Record<string, string> {
  return nobodysGitEnvironment(import.meta.dirname);
}

/** Runs git in a folder, as somebody unknown to this machine, and returns its output. Throws when git fails. */
export async function gitIn(root: string, ...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(['git', ...args], {
    cwd: root,
    env: testGitEnvironment(),
  });
  if (exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
  return stdout;
}
