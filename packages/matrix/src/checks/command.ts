import { type Environment, operatorEnvironment, runCommand, UserError } from '@deploy/cli';
import type { CheckWork } from '../check.ts';

export type Command = {
  words: readonly [program: string, ...args: string[]];
  /** The whole environment of the child. */
  env: Record<string, string>;
  cwd: string;
  /** A note about this command, to be written to its log. */
  remark?: string;
};

/**
 * Runs a command. The check passes if the exit code is 0. An interruption stops the command and every process it
 * started.
 */
export function commandWork({ words, env, cwd, remark }: Command): CheckWork {
  return async (log, signal) => {
    if (remark !== undefined) log.line(remark);
    const [program] = words;
    const { exitCode, killedBy, notStarted, leftRunning } = await runCommand(words, {
      cwd,
      env,
      signal,
      onLine: log.line,
    });
    if (notStarted !== undefined) throw cannotRun(program, notStarted);
    if (leftRunning)
      log.line(`note: a process that ${program} left running held its output open, and was killed`);
    signal.throwIfAborted();
    if (killedBy !== undefined) return { passed: false, conclusion: `${program} was killed by ${killedBy}` };
    return { passed: exitCode === 0, conclusion: `${program} ended with exit code ${exitCode}` };
  };
}

function cannotRun(program: string, code: string): UserError {
  const why = WHY_NOT[code] ?? `cannot be run (${code})`;
  return new UserError(`${program} ${why}`, {
    hint: program.includes('/')
      ? 'Check that the target checkout is complete.'
      : `Install ${program}, or put it on the PATH.`,
  });
}

const WHY_NOT: Record<string, string> = { ENOENT: 'is missing', EACCES: 'is not executable' };

/**
 * The environment for commands of the target checkout: the operator's, without this project's own variables. It
 * includes variables that look like secrets, because a command may need them; the log redacts their values.
 */
export function childEnvironment(env: Environment, own: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(operatorEnvironment(env)).filter(([name]) => !own.includes(name)));
}
