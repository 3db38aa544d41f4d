import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type Command = {
  /** The program and its arguments. */
  run: readonly [string, ...string[]];
  /** The whole environment but for PATH and HOME. */
  env?: Record<string, string>;
  cwd?: string;
};

/** Something of ours that is compared, and the ratio to the other side that it may have. */
export type Contender = {
  atMost: number;
  /** Does the work once and tells how long it took, in milliseconds. */
  time(): Promise<number>;
};

export type Comparison = {
  oursMs: number;
  theirsMs: number;
  ratio: number;
  /** The ratio that it may have. */
  atMost: number;
  /** How far apart the pairs were: the middle half of their ratios, as a part of the median one. */
  spread: number;
};

/** As few pairs show how far apart they are. */
const FEWEST_PAIRS = 3;

/**
 * Runs ours and theirs in turn, after a first time that does not count (caches on disk are warm in daily use), and
 * compares the medians. What disturbs the machine meanwhile disturbs both. Takes `pairs` pairs at the most, and stops
 * earlier when more of them would not tell anything else: see `isClear`.
 */
export async function compare(
  ours: Contender,
  theirs: () => Promise<number>,
  pairs: number,
): Promise<Comparison> {
  return (await compareEach({ ours }, theirs, pairs)).ours;
}

/** Compares several of ours with the same other side, which runs once for all of them. */
export async function compareEach<Name extends string>(
  ours: Readonly<Record<Name, Contender>>,
  theirs: () => Promise<number>,
  pairs: number,
): Promise<Record<Name, Comparison>> {
  const contenders = Object.entries<Contender>(ours).map(([name, each]) => ({
    ...each,
    name,
    taken: [] as number[],
  }));
  const theirsTaken: number[] = [];
  const ratiosOf = (taken: readonly number[]): number[] =>
    taken.map((ms, i) => ms / (theirsTaken[i] ?? Number.NaN));
  const isDone = (): boolean => contenders.every(({ taken, atMost }) => isClear(ratiosOf(taken), atMost));
  for (let i = 0; i <= pairs && !isDone(); i += 1) {
    const round = [];
    for (const { time } of contenders) round.push(await time());
    const theirsMs = await theirs();
    if (i === 0) continue;
    for (const [k, ms] of round.entries()) contenders[k]?.taken.push(ms);
    theirsTaken.push(theirsMs);
  }
  const theirsMs = median(theirsTaken);
  const compared = contenders.map(({ name, taken, atMost }) => {
    const oursMs = median(taken);
    return [name, { oursMs, theirsMs, ratio: oursMs / theirsMs, atMost, spread: spreadOf(ratiosOf(taken)) }];
  });
  return Object.fromEntries(compared);
}

/**
 * Whether pairs so far show on which side of a limit the ratio is: every one of them is further away from the limit
 * than they are from one another.
 */
export function isClear(ratios: readonly number[], limit: number): boolean {
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  return ratios.length >= FEWEST_PAIRS && Math.max(low - limit, limit - high) > high - low;
}

/** A process as one side of a comparison. */
export function processOf(command: Command): () => Promise<number> {
  return () => timeProcess(command);
}

/**
 * How long a process takes from its start to its end, in milliseconds. Throws when it fails: that would be no measure.
 */
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
