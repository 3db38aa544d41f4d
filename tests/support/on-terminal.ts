import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { projectRoot } from '@deploy/cli';

/**
 * Runs a command in this project on a terminal of 120 columns, or so many, and gives what that got, escape sequences
 * included. `onShown` sees what has been shown so far, each time that more comes.
 */
export async function runOnTerminal(
  command: readonly string[],
  env: Record<string, string>,
  onShown: (soFar: string) => void = () => {},
  columns = 120,
): Promise<{ exitCode: number; shown: string }> {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn('script', ['-qec', `stty rows 40 cols ${columns}; exec ${quoted}`, '/dev/null'], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm-256color', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'close');
  let shown = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    shown += chunk;
    onShown(shown);
  }
  const [exitCode] = await ended;
  return { exitCode, shown };
}
