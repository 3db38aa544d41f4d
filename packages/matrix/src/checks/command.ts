import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { UserError } from '@deploy/cli';
import type { CheckWork } from '../check.ts';
import type { CheckLog } from '../log.ts';

export type Command = {
  words: readonly [program: string, ...args: string[]];
  /** The whole environment of the child. */
  env: Record<string, string>;
  cwd: string;
  /** What is to be known about this command, for its log. */
  remark?: string;
};

/** How long an interrupted command has to end by itself. */
const PATIENCE_MS = 3_000;

/** Runs a command to its end; it passes with exit code 0. */
export function commandWork(command: Command): CheckWork {
  return async (log, signal) => {
    if (command.remark !== undefined) log.line(command.remark);
    const { exitCode, killedBy } = await run(command, log, signal);
    const program = command.words[0];
    if (killedBy !== null) return { passed: false, conclusion: `${program} was ended by ${killedBy}` };
    return { passed: exitCode === 0, conclusion: `${program} ended with exit code ${exitCode}` };
  };
}

type Ended = { exitCode: number | null; killedBy: NodeJS.Signals | null };

async function run({ words, env, cwd }: Command, log: CheckLog, signal: AbortSignal): Promise<Ended> {
  const [program, ...args] = words;
  // A process group of its own: a Ctrl-C in the terminal reaches this process alone, which then ends the whole group,
  // so that no compiler is left behind and none ends before it is known why.
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => log.line(line));
  }
  const killGroup = (how: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, how);
    } catch {
      // It has ended in the meantime.
    }
  };
  let lastResort: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    killGroup('SIGTERM');
    lastResort = setTimeout(() => killGroup('SIGKILL'), PATIENCE_MS);
  };
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    return await new Promise<Ended>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(cannotRun(program, error)));
      child.once('close', (exitCode, killedBy) => {
        if (signal.aborted) reject(signal.reason);
        else resolve({ exitCode, killedBy });
      });
    });
  } finally {
    clearTimeout(lastResort);
    signal.removeEventListener('abort', interrupt);
  }
}

function cannotRun(program: string, error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ENOENT' && error.code !== 'EACCES') return error;
  const why = error.code === 'ENOENT' ? 'is not there' : 'is not executable';
  return new UserError(`${program} ${why}`, {
    hint: program.includes('/')
      ? 'Is the target checkout complete?'
      : `Install ${program}, or put it on the PATH.`,
    cause: error,
  });
}
