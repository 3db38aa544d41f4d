import { type Output, projectRoot, REDACTED, stopAlong, tellIfInterrupted } from '@deploy/cli';
import { $ } from 'zx/core';

/** One command of the rehearsal, as an operator would type it. */
export type Step = {
  title: string;
  /** Variables in front of the command. */
  env?: Record<string, string>;
  /** Variables whose values must not appear in the heading or in the command's output. */
  secretEnv?: Record<string, string>;
  /** The script and its arguments: `['scripts/canary-rollout.ts', 'status']`. */
  call: readonly [script: string, ...args: string[]];
  /** The expected exit code; 0 unless the step is meant to fail. */
  exitCode?: number;
  /** The expected split afterwards, as `revision percent %`; undefined when any will do. */
  serves?: string;
};

export type StepResult = {
  title: string;
  exitCode: number;
  asExpected: boolean;
  durationMs: number;
  serving: string;
};

export type StepRun = { exitCode: number; leaked: boolean };

export type StepContext = {
  env: Record<string, string>;
  /** Which of the steps this is: `3 of 17`. */
  place: string;
  out: Output;
  signal: AbortSignal;
  /** Whether other steps run at the same time. If so, the output is shown only at the end. */
  isOneOfMany?: boolean;
};

/** Runs a step as a child process and shows its output. Throws the interruption, if any, once the process has ended. */
export function runStep(step: Step, context: StepContext): Promise<StepRun> {
  const notice = { message: `in the rehearsal of: ${step.title}`, hint: 'Its command was stopped.' };
  return tellIfInterrupted(context.signal, notice, () => runToItsEnd(step, context));
}

async function runToItsEnd(
  step: Step,
  { env: baseEnv, place, out, signal, isOneOfMany = false }: StepContext,
): Promise<StepRun> {
  const { title, env = {}, secretEnv = {}, call } = step;
  const command = ['pnpm', 'tsx', ...call];
  const hidden = Object.keys(secretEnv).map((name) => [name, REDACTED]);
  const variables = [...Object.entries(env), ...hidden].map(([name, value]) => `${name}=${value}`);
  const heading = `\n## ${title} (${place})\n\n$ ${[...variables, ...command].join(' ')}`;
  if (!isOneOfMany) out.data(heading);
  const child = $({
    cwd: projectRoot,
    env: { ...baseEnv, ...env, ...secretEnv },
    nothrow: true,
    quiet: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })`${command}`;
  using _ = stopAlong(child, signal);
  if (!isOneOfMany) {
    child.stdout.pipe(process.stdout, { end: false });
    child.stderr.pipe(process.stderr, { end: false });
  }
  const { exitCode, stdall } = await child;
  signal.throwIfAborted();
  if (isOneOfMany) out.data(`${heading}\n${stdall.trimEnd()}`);
  return {
    exitCode: exitCode ?? 1,
    leaked: Object.values(secretEnv).some((value) => stdall.includes(value)),
  };
}
