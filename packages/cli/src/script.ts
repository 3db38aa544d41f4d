import { inspect } from 'node:util';
import { cleanLine } from './clean-text.ts';
import { UserError } from './errors.ts';
import { createOutput, type Output } from './output.ts';
import type { Environment } from './settings.ts';
import { type Usage, usageText } from './usage.ts';

export type Program = {
  argv: readonly string[];
  env: Environment;
  out: Output;
};

/**
 * Runs a script's main function and turns how it ends into the exit code: what it returns (nothing is 0), the code of
 * a UserError, or 1 for a bug, which shows its stack. `--help` shows the usage and exits 0. The process is left to
 * drain, so that nothing written is lost.
 */
export async function runScript(
  usage: Usage,
  main: (program: Program) => Promise<number | undefined>,
): Promise<void> {
  const out = createOutput(process);
  endQuietlyWhenTheReaderLeaves();
  const argv = process.argv.slice(2);
  if (argv[0] === '--help' || argv[0] === '-h') {
    out.data(usageText(usage));
    return;
  }
  try {
    process.exitCode = (await main({ argv, env: process.env, out })) ?? 0;
  } catch (thrown) {
    process.exitCode = reportFailure(thrown, out);
  }
}

/** Shows the usage text on stdout, as a call without arguments or with an unknown action does; gives exit code 2. */
export function refuseUsage(usage: Usage, out: Output): 2 {
  out.data(usageText(usage));
  return 2;
}

function reportFailure(thrown: unknown, out: Output): number {
  if (thrown instanceof UserError) {
    out.note(`error: ${cleanLine(thrown.message, 2000)}`);
    if (thrown.hint !== undefined) out.note(thrown.hint);
    return thrown.exitCode;
  }
  out.note(`error: this is a bug in the deployment scripts: ${inspect(thrown)}`);
  return 1;
}

// `script | head -1` closes the pipe early; that is no failure of the script.
function endQuietlyWhenTheReaderLeaves(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
