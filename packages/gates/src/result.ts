import { UserError } from '@deploy/cli';
import type { GateId } from './gates.ts';

/** How a gate ended. One that a failure before it kept from starting has not passed either. */
export type GateResult =
  | { gate: GateId; state: 'passed'; durationMs: number; cache: 'hit' | 'miss'; source: string }
  | { gate: GateId; state: 'failed'; durationMs: number; exitCode: number }
  | { gate: GateId; state: 'not-run' };

export type GateRun = {
  results: readonly GateResult[];
  /** Gates that nobody asked for: then the run is no full verification. */
  leftOut: readonly GateId[];
  /** What turbo itself had to say, for a run in which no gate failed but not all passed. */
  complaint: string;
};

/** Throws a UserError with the first failed gate's own exit code unless every gate has passed. */
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
      hint: `${hint} Try: pnpm install, then again.`,
    });
  }
}
