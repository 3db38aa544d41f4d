import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectRoot } from '@deploy/cli';
import { copyProject } from './copy.ts';
import type { PlannedMutant, TriedMutant } from './reporter.ts';

export type MutantRun = {
  /** Paths from the project's root, also with lines: `a/b.ts:3-5`. */
  files: readonly string[];
  tests: readonly string[];
  /** Undefined: as long as it takes. */
  limitMs?: number | undefined;
  concurrency: number;
  patience: Patience;
};

/** How long a mutant may take: so many times what its tests take without it, and so much more. */
export type Patience = { factor: number; ms: number };

/**
 * A mutant that was tried: where it is, what it says instead, and whether a test noticed. Its time may also have run
 * out: that counts as noticed, but a busy machine can do it too.
 */
export type Mutant = {
  file: string;
  line: number;
  mutator: string;
  original: string;
  replacement: string;
  outcome: 'killed' | 'out-of-time' | 'survived';
};

export type Tried = {
  mutants: Mutant[];
  /** Those that were made and not tried, because the time was up. */
  untried: Pick<Mutant, 'file' | 'line'>[];
  /** Stryker's own; null when it was stopped. */
  exitCode: number | null;
};

/** What Stryker is given beside what a run asks for. */
const FIXED = {
  // The copy is ours already.
  inPlace: true,
  testRunner: 'tap',
  coverageAnalysis: 'perTest',
  // Node takes the types out by itself, and Stryker would want another version of the compiler.
  disableTypeChecks: false,
  tsconfigFile: 'no-tsconfig.json',
  packageManager: 'pnpm',
  allowConsoleColors: false,
  dryRunTimeoutMinutes: 9,
};

/**
 * Puts wrong lines into files one by one and runs the tests that reach them, in a copy of the project. Whoever stops
 * it early gets what was found by then.
 */
export async function tryMutants({
  files,
  tests,
  limitMs,
  concurrency,
  patience,
}: MutantRun): Promise<Tried> {
  const folder = await mkdtemp(join(tmpdir(), 'mutants-'));
  try {
    const copy = join(folder, 'project');
    await copyProject(projectRoot, copy);
    const configuration = join(copy, 'stryker.json');
    const results = join(folder, 'tried');
    await writeFile(results, '');
    await writeFile(
      configuration,
      JSON.stringify({
        ...FIXED,
        concurrency,
        timeoutMS: patience.ms,
        timeoutFactor: patience.factor,
        mutate: files,
        tap: {
          testFiles: tests,
          nodeArgs: ['--test-reporter=tap', '-r', '{{hookFile}}', '{{testFile}}'],
          forceBail: true,
        },
        plugins: [
          fileURLToPath(import.meta.resolve('@stryker-mutator/tap-runner')),
          join(copy, 'tests/mutants/reporter.ts'),
        ],
        reporters: ['write-down', 'progress-append-only'],
      }),
    );
    const exitCode = await runStryker(copy, folder, { configuration, results }, limitMs);
    return { ...(await readTried(results, copy)), exitCode };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runStryker(
  copy: string,
  folder: string,
  { configuration, results }: { configuration: string; results: string },
  limitMs: number | undefined,
): Promise<number | null> {
  // Under a test of ours, the tests that Stryker starts would report to that one, and not to Stryker.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const core = dirname(fileURLToPath(import.meta.resolve('@stryker-mutator/core/package.json')));
  const child = spawn(process.execPath, [join(core, 'bin/stryker.js'), 'run', configuration], {
    cwd: copy,
    stdio: ['ignore', 'inherit', 'inherit'],
    // A group of its own, so that nothing it started outlives the time limit.
    detached: true,
    env: {
      ...env,
      // The tap runner starts whatever `node` is.
      PATH: `${dirname(process.execPath)}${delimiter}${env.PATH ?? ''}`,
      MUTANTS_TRIED: results,
      // Hundreds of short processes that all load the same.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
    },
  });
  const timer = limitMs === undefined ? undefined : setTimeout(() => stopGroup(child), limitMs);
  const onSignal = (): void => stopGroup(child);
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return exitCode;
  } finally {
    clearTimeout(timer);
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function stopGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function readTried(file: string, copy: string): Promise<Omit<Tried, 'exitCode'>> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
  const entries = lines.map((line) => JSON.parse(line) as { planned: PlannedMutant[] } | TriedMutant);
  const tried = entries.filter((entry) => 'id' in entry);
  const mutants: Mutant[] = [];
  for (const entry of tried) {
    if (JUDGED.includes(entry.status)) mutants.push(await mutantOf(entry, copy));
  }
  const ids = new Set(tried.map(({ id }) => id));
  const untried = entries
    .flatMap((entry) => ('planned' in entry ? entry.planned : []))
    .filter(({ id }) => !ids.has(id))
    .map(({ fileName, location }) => ({ file: relative(copy, fileName), line: location.start.line }));
  return { mutants, untried };
}

const JUDGED: readonly TriedMutant['status'][] = ['Killed', 'Timeout', 'Survived', 'NoCoverage'];

async function mutantOf(tried: TriedMutant, copy: string): Promise<Mutant> {
  const file = relative(copy, tried.fileName);
  // The copy holds the mutated text until Stryker has put it back; the project's own is never touched.
  const text = await readFile(join(projectRoot, file), 'utf8');
  const { start, end } = tried.location;
  const lines = text.split('\n').slice(start.line - 1, end.line);
  const whole = lines.join('\n');
  const lastLine = lines.at(-1) ?? '';
  const original = whole.slice(start.column - 1, whole.length - (lastLine.length - (end.column - 1)));
  return {
    file,
    line: start.line,
    mutator: tried.mutatorName,
    original: original.replace(/\s+/g, ' '),
    replacement: (tried.replacement ?? '').replace(/\s+/g, ' '),
    outcome: outcomeOf(tried),
  };
}

function outcomeOf({ status, statusReason = '' }: TriedMutant): Mutant['outcome'] {
  switch (status) {
    case 'Killed':
      return 'killed';
    case 'Timeout':
      return statusReason.startsWith('Hit limit') ? 'killed' : 'out-of-time';
    default:
      return 'survived';
  }
}
