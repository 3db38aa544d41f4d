import { commandLine, projectRoot, UserError } from '@deploy/cli';
import type { GateId } from './gates.ts';

/** How a gate ended. `not-run`: an earlier failure kept the gate from starting, so it has not passed. */
export type GateResult =
  | { gate: GateId; state: 'passed'; durationMs: number; cache: 'hit' | 'miss'; source: string }
  | { gate: GateId; state: 'failed'; durationMs: number; exitCode: number }
  | { gate: GateId; state: 'not-run' };

export type GateRun = {
  results: readonly GateResult[];
  /** Gates that were not selected; if there are any, the run is not a full verification. */
  leftOut: readonly GateId[];
  /** Turbo's own error message. It explains why a gate did not run although no other gate failed. */
  complaint: string;
};

/** Unless every gate has passed, throws a UserError with the exit code of the first gate that failed. */
export function requirePassed({ results, complaint }: GateRun, hint = 'Nothing was deployed.'): void {
  const failed = results.filter((result) => result.state === 'failed');
  const [first] = failed;
  const notRun = results.flatMap(({ gate, state }) => (state === 'not-run' ? [gate] : []));
  const alsoNotRun = notRun.length === 0 ? '' : ` Not run: ${notRun.join(', ')}.`;
  if (first !== undefined) {
    const what = failed.map(({ gate, exitCode }) => `${gate} failed with exit code ${exitCode}`).join(', ');
    throw new UserError(what, {
      hint: `Its output above tells why. ${hint}${alsoNotRun}`,
      exitCode: first.exitCode,
    });
  }
  if (notRun.length > 0) {
    throw new UserError(`turbo did not run ${notRun.join(', ')}: ${complaint || 'it gave no reason'}`, {
      hint: `${hint} To install what may be missing, before you try again:\n  ${commandLine([], ['npx', '--yes', 'pnpm@12', '--dir', projectRoot, 'install'])}`,
    });
  }
}
