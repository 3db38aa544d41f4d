import { projectRoot } from '@deploy/cli';
import { $ } from 'zx/core';

/** One command of the rehearsal, typed as an operator would type it. */
export type Step = {
  title: string;
  /** Variables in front of the command. */
  env?: Record<string, string>;
  /** The script and its arguments: `['scripts/canary-rollout.ts', 'status']`. */
  call: readonly [script: string, ...args: string[]];
  /** What the exit code must be; 0 unless the step is there to fail. */
  exitCode?: number;
  /** The split that must serve afterwards, as `revision percent %`; undefined when it does not matter. */
  serves?: string;
};

export type StepResult = {
  title: string;
  exitCode: number;
  asExpected: boolean;
  durationMs: number;
  serving: string;
};

/** Runs a step as a child process, showing the command and its output as it comes; gives its exit code. */
export async function runStep(step: Step, baseEnv: Record<string, string>): Promise<number> {
  const command = ['pnpm', 'tsx', ...step.call];
  const variables = Object.entries(step.env ?? {}).map(([name, value]) => `${name}=${value}`);
  process.stdout.write(`\n## ${step.title}\n\n$ ${[...variables, ...command].join(' ')}\n`);
  const child = $({
    cwd: projectRoot,
    env: { ...baseEnv, ...step.env },
    nothrow: true,
    quiet: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })`${command}`;
  child.stdout.pipe(process.stdout, { end: false });
  child.stderr.pipe(process.stderr, { end: false });
  return (await child).exitCode ?? 1;
}
