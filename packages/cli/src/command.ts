export type CommandResult = { exitCode: number; stdout: string; stderr: string };

export type CommandOptions = { cwd?: string; env?: Record<string, string> };

/**
 * Runs a command to its end and gives what it printed; a failure is an exit code, not an exception (127: no such
 * command). Its standard input is empty rather than a pipe: bash, which zx runs commands with, takes a pipe of Node's
 * for a remote login and then reads ~/.bashrc, which may change the PATH.
 */
export async function runCommand(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { $ } = await import('zx/core');
  const run = $({ nothrow: true, quiet: true, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const { exitCode, stdout, stderr } = await run`${command}`;
  // Ended by a signal, it has no exit code of its own.
  return { exitCode: exitCode ?? 1, stdout, stderr };
}
