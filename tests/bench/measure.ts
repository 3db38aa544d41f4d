import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type Command = {
  /** The program and its arguments. */
  run: readonly [string, ...string[]];
  /** The whole environment but for PATH and HOME. */
  env?: Record<string, string>;
  cwd?: string;
};

export type Comparison = {
  oursMs: number;
  theirsMs: number;
  ratio: number;
  /** How far apart the pairs were: the middle half of their ratios, as a part of the median one. */
  spread: number;
};

/**
 * Runs both commands in turn, `pairs` times after a first time that does not count (caches on disk are warm in daily
 * use), and compares the medians. What disturbs the machine meanwhile disturbs both.
 */
export function compare(ours: Command, theirs: Command, pairs: number): Promise<Comparison> {
  return compareTimes(
    () => timeProcess(ours),
    () => timeProcess(theirs),
    pairs,
  );
}

/** The same for what takes its own time, in milliseconds. */
export async function compareTimes(
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
  pairs: number,
): Promise<Comparison> {
  const taken: [number, number][] = [];
  for (let i = 0; i <= pairs; i += 1) taken.push([await ours(), await theirs()]);
  const counted = taken.slice(1);
  const oursMs = median(counted.map(([one]) => one));
  const theirsMs = median(counted.map(([, other]) => other));
  return {
    oursMs,
    theirsMs,
    ratio: oursMs / theirsMs,
    spread: spreadOf(counted.map(([one, other]) => one / other)),
  };
}

/** How long a process takes from its start to its end, in milliseconds. Throws when it fails: that would be no measure. */
export async function timeProcess({ run: [program, ...args], env, cwd }: Command): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint += chunk;
  });
  const [exitCode] = await once(child, 'close');
  if (exitCode !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${exitCode}: ${complaint}`);
  return performance.now() - startedAt;
}

function spreadOf(ratios: readonly number[]): number {
  const sorted = [...ratios].sort((a, b) => a - b);
  const quarter = Math.floor(sorted.length / 4);
  const [low = 0, high = 0] = [sorted[quarter], sorted[sorted.length - 1 - quarter]];
  return (high - low) / median(sorted);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return (low + high) / 2;
}
