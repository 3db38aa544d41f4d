import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { projectRoot } from '@deploy/cli';

/** Runs a command in this project on a terminal of 120 columns and gives what that got, escape sequences included. */
export async function runOnTerminal(
  command: readonly string[],
  env: Record<string, string>,
): Promise<{ exitCode: number; shown: string }> {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn('script', ['-qec', `stty rows 40 cols 120; exec ${quoted}`, '/dev/null'], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm-256color', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'close');
  const shown = await text(child.stdout);
  const [exitCode] = await ended;
  return { exitCode, shown };
}
