import { readFile, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { cleanLine, type Environment, projectRoot, type TargetCheckout } from '@deploy/cli';
import { $ } from 'zx/core';
import { turboEnvironment } from './environment.ts';
import { type GateLine, unframeLine } from './frame.ts';
import type { GateId } from './gates.ts';

/** How one task ended, by turbo's own summary of the run; a task that never started is not in it. */
export type TaskSummary = { task: string; exitCode: number; durationMs: number };

export type TurboRun = {
  exitCode: number | null;
  tasks: readonly TaskSummary[];
  /** What turbo itself had to say when it failed, in one line. */
  complaint: string;
};

type TurboRequest = {
  tasks: readonly GateId[];
  checkout: TargetCheckout;
  env: Environment;
  onLine(line: GateLine): void;
};

const PACKAGE = '@deploy/gates';
const STOPPING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs tasks of this package with turbo, one at a time, passing on their lines as they come. A signal that stops this
 * process stops turbo, the gate and everything the gate has started.
 */
export async function runTurbo({ tasks, checkout, env, onLine }: TurboRequest): Promise<TurboRun> {
  const child = $({
    cwd: projectRoot,
    env: turboEnvironment(env, checkout),
    nothrow: true,
    quiet: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })`turbo run ${tasks} --filter=${PACKAGE} --concurrency=1 --json --summarize`;
  let stoppedBy: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    stoppedBy = signal;
    void child.kill(signal);
  };
  for (const signal of STOPPING_SIGNALS) process.once(signal, stop);
  try {
    let summaryFile: string | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      const event = parseEvent(line);
      if (event === undefined) continue;
      const gateLine = event.source.startsWith(PACKAGE) ? unframeLine(event.text) : undefined;
      if (gateLine !== undefined) onLine(gateLine);
      summaryFile ??= /Summary:\s+(\S+\.json)/.exec(event.text)?.[1];
    }
    const { exitCode, stderr } = await child;
    // Stopped by a signal, this process ends by it, as its caller expects.
    if (stoppedBy !== undefined) process.kill(process.pid, stoppedBy);
    return { exitCode, tasks: await readSummary(summaryFile), complaint: cleanLine(stderr, 300) };
  } finally {
    for (const signal of STOPPING_SIGNALS) process.off(signal, stop);
  }
}

type TurboEvent = { source: string; text: string };

function parseEvent(line: string): TurboEvent | undefined {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === 'object' && event !== null && 'source' in event && 'text' in event
      ? { source: String(event.source), text: String(event.text) }
      : undefined;
  } catch {
    return undefined;
  }
}

type SummaryFile = {
  tasks: { task: string; execution?: { exitCode: number; startTime: number; endTime: number } }[];
};

/** Reads the summary of this very run, whose file turbo names, and clears it away: it would never be read again. */
async function readSummary(file: string | undefined): Promise<TaskSummary[]> {
  if (file === undefined) return [];
  const { tasks } = JSON.parse(await readFile(file, 'utf8')) as SummaryFile;
  await rm(file, { force: true });
  return tasks.flatMap(({ task, execution }) =>
    execution === undefined
      ? []
      : [{ task, exitCode: execution.exitCode, durationMs: execution.endTime - execution.startTime }],
  );
}
