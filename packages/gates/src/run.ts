import { type Environment, type Output, type TargetCheckout, UserError } from '@deploy/cli';
import { type Gate, type GateId, verificationGates, webShellBuildTasks } from './gates.ts';
import { runTurbo, type TurboRun } from './turbo.ts';

/** How a gate ended. One that a failure before it kept from starting has not passed either. */
export type GateResult =
  | { gate: GateId; state: 'passed'; durationMs: number }
  | { gate: GateId; state: 'failed'; durationMs: number; exitCode: number }
  | { gate: GateId; state: 'not-run' };

export type GateRun = {
  results: readonly GateResult[];
  /** What turbo itself had to say, for a run in which no gate failed but not all passed. */
  complaint: string;
};

export type GateRequest = { checkout: TargetCheckout; env: Environment; out: Output };

/** Builds the web shell's `dist`. */
export function runWebShellBuild(request: GateRequest): Promise<GateRun> {
  return run(webShellBuildTasks, request);
}

/** Runs the four verification gates, one after another, up to the first that fails. */
export function runGates(request: GateRequest): Promise<GateRun> {
  return run(verificationGates, request);
}

/** Throws a UserError with the failed gate's own exit code unless every gate has passed. */
export function requirePassed({ results, complaint }: GateRun): void {
  const failed = results.find((result) => result.state === 'failed');
  const notRun = results.flatMap(({ gate, state }) => (state === 'not-run' ? [gate] : []));
  const alsoNotRun = notRun.length === 0 ? '' : ` Not run: ${notRun.join(', ')}.`;
  if (failed?.state === 'failed') {
    throw new UserError(`${failed.gate} failed with exit code ${failed.exitCode}`, {
      hint: `Nothing was deployed.${alsoNotRun} Its output above tells why.`,
      exitCode: failed.exitCode,
    });
  }
  if (notRun.length > 0) {
    throw new UserError(`turbo did not run ${notRun.join(', ')}: ${complaint || 'it gave no reason'}`, {
      hint: 'Nothing was deployed. Try: pnpm install, then again.',
    });
  }
}

async function run(gates: readonly Gate[], { checkout, env, out }: GateRequest): Promise<GateRun> {
  const turbo = await runTurbo({
    tasks: gates.map(({ id }) => id),
    checkout,
    env,
    onLine: ({ stream, text }) => (stream === 'stdout' ? out.data(text) : out.note(text)),
  });
  return { results: gates.map(({ id }) => resultOf(id, turbo)), complaint: turbo.complaint };
}

// Passed is only what turbo says it ran to its good end: what never started is missing from its summary.
function resultOf(gate: GateId, { tasks }: TurboRun): GateResult {
  const summary = tasks.find(({ task }) => task === gate);
  if (summary === undefined) return { gate, state: 'not-run' };
  const { exitCode, durationMs } = summary;
  return exitCode === 0
    ? { gate, state: 'passed', durationMs }
    : { gate, state: 'failed', durationMs, exitCode };
}
