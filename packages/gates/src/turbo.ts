import { realpathSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  cleanLine,
  type Environment,
  projectRoot,
  runCommand,
  stopAlong,
  tellIfInterrupted,
} from '@deploy/cli';
import { type GateLine, unframeLine } from './frame.ts';
import { fingerprintVariable, type GateId } from './gates.ts';

/** How a task ended, according to turbo's summary of the run. */
export type TaskSummary = {
  exitCode: number;
  durationMs: number;
  /** Where the result came from; undefined when the task ran. */
  replayedFrom: 'local' | 'remote' | undefined;
};

export type TurboRun = {
  /** The tasks that turbo ran or restored; its summary omits the others. */
  tasks: ReadonlyMap<GateId, TaskSummary>;
  /** Turbo's own error message, on one line. */
  complaint: string;
};

/** `replay` only restores cached results, `renew` runs the gate and caches the result, `none` only runs it. */
export type CacheMode = 'replay' | 'renew' | 'none';

export type TurboRequest = {
  /** One gate; several are allowed for `replay` only. */
  gates: readonly GateId[];
  cache: CacheMode;
  /** The gates' fingerprints; not needed with `cache: 'none'`. */
  fingerprints: ReadonlyMap<GateId, string>;
  /** This process's environment, for turbo's own settings. */
  env: Environment;
  /** The socket on which the gate's runner reaches this process; required to run a gate. */
  channel?: string;
  /** Stops turbo, the gate and everything that the gate started. */
  signal?: AbortSignal | undefined;
  /** Called with each line of a running gate, but not for a result from the cache. */
  onLine?(line: GateLine): void;
};

const PACKAGE = '@deploy/gates';
const FOR_TURBO = join(projectRoot, 'packages/gates/bin/for-turbo');
const SUMMARIES = join(projectRoot, '.turbo/runs');
const LOCAL_ONLY = '--cache=local:rw,remote:';
// Turbo's own variables; see https://turborepo.com/docs/reference/system-environment-variables.
const TURBO_VARIABLE =
  /^(?:TURBO_(?:API|TOKEN|TEAM|TEAMID|CACHE_DIR|REMOTE_CACHE_\w+|PREFLIGHT)|(?:https?|all|no)_proxy|SSL_CERT_(?:FILE|DIR))$/i;

/**
 * Whether a shared cache is configured without a signing key. Then anyone who can write to the cache could forge
 * verdicts.
 */
export function isUnsigned(env: Environment): boolean {
  return Boolean(env.TURBO_TOKEN) && !env.TURBO_REMOTE_CACHE_SIGNATURE_KEY;
}

/**
 * Runs tasks of this package with turbo. If interrupted, it throws once turbo and everything that it started have
 * ended.
 */
export function runTurbo(request: TurboRequest): Promise<TurboRun> {
  const notice = {
    message: `while ${request.gates.join(', ')} was running`,
    hint: 'It was stopped, and nothing after it was started.',
  };
  return tellIfInterrupted(request.signal, notice, () => runToItsEnd(request));
}

async function runToItsEnd(request: TurboRequest): Promise<TurboRun> {
  const { gates, cache, signal, onLine } = request;
  signal?.throwIfAborted();
  const command = commandOf(request, [
    ...MODE_FLAGS[cache],
    '--output-logs=new-only',
    '--json',
    '--summarize',
  ]);
  let summaryFile: string | undefined;
  const follow = cache === 'replay' ? followReplay : followRun;
  const complaint = await follow(command, signal, (line) => {
    const event = parseEvent(line);
    if (event === undefined) return;
    const gateLine = event.source.startsWith(PACKAGE) ? unframeLine(event.text) : undefined;
    if (gateLine !== undefined) onLine?.(gateLine);
    // Only trust turbo's own line: a gate may print one like it.
    if (event.source === 'turbo') summaryFile ??= /Summary:\s+(\S.*\.json)\s*$/.exec(event.text)?.[1];
  });
  signal?.throwIfAborted();
  return { tasks: await readSummary(summaryFile, gates), complaint: cleanLine(complaint, 300) };
}

/** Runs a command, passes on its output line by line, and returns what it wrote to stderr. */
type Follow = (
  command: TurboCommand,
  signal: AbortSignal | undefined,
  onLine: (line: string) => void,
) => Promise<string>;

/**
 * For calls of turbo that run a gate. After an interruption, zx stops all child processes of the gate, and gives them
 * the time that they need.
 */
const followRun: Follow = async ({ words, cwd, env }, signal, onLine) => {
  const { $ } = await import('zx/core');
  const child = $({ cwd, env, nothrow: true, quiet: true, stdio: ['ignore', 'pipe', 'pipe'] })`${words}`;
  using _ = stopAlong(child, signal);
  for await (const line of createInterface({ input: child.stdout })) onLine(line);
  return (await child).stderr;
};

/**
 * For replays, which run no gate. zx would have nothing to stop, and takes longer to load than turbo takes to replay.
 */
const followReplay: Follow = async ({ words, cwd, env }, signal, onLine) => {
  const complaints: string[] = [];
  await runCommand(words, {
    cwd,
    env,
    ...(signal && { signal }),
    onLine: (line, stream) => (stream === 'stdout' ? onLine(line) : complaints.push(line)),
  });
  return complaints.join('\n');
};

const MODE_FLAGS: Readonly<Record<CacheMode, readonly string[]>> = {
  // A task without a cached result starts its runner, which fails at once. `--continue` lets the other tasks go on.
  replay: ['--continue=always'],
  renew: ['--force'],
  none: ['--cache=local:,remote:'],
};

/** Which of these gates have a result in one of turbo's caches, and in which one. Runs nothing. */
export async function askTurbo(
  request: Pick<TurboRequest, 'gates' | 'fingerprints' | 'env'>,
): Promise<ReadonlyMap<GateId, 'local' | 'remote'>> {
  // Nobody waits for an answer about no gates, so turbo would outlive the script.
  if (request.gates.length === 0) return new Map();
  const { words, ...where } = commandOf({ ...request, cache: 'replay' }, ['--dry=json']);
  const { stdout } = await runCommand(words, where);
  try {
    const { tasks } = JSON.parse(stdout) as {
      tasks: { task: string; cache: { local: boolean; remote: boolean } }[];
    };
    const places = request.gates.flatMap((gate): [GateId, 'local' | 'remote'][] => {
      const cache = tasks.find((each) => each.task === gate)?.cache;
      return cache?.local ? [[gate, 'local']] : cache?.remote ? [[gate, 'remote']] : [];
    });
    return new Map(places);
  } catch {
    return new Map();
  }
}

type TurboCommand = { words: string[]; cwd: string; env: Record<string, string> };

function commandOf(request: TurboRequest, flags: readonly string[]): TurboCommand {
  const { gates, cache, env } = request;
  const more = isUnsigned(env) && cache !== 'none' ? [LOCAL_ONLY] : [];
  return {
    words: [turboProgram(), 'run', ...gates, `--filter=${PACKAGE}`, ...flags, ...more],
    cwd: projectRoot,
    env: turboEnvironment(request),
  };
}

/**
 * Finds turbo's own program for this machine. Starting it directly is 0.1 s faster than the `turbo` command, a Node
 * script that looks for the program. Returns that command when the program is not in its usual place.
 */
function turboProgram(): string {
  const [system, extension] = process.platform === 'win32' ? ['windows', '.exe'] : [process.platform, ''];
  const processor = process.arch === 'x64' ? '64' : process.arch;
  try {
    const besideTurbo = createRequire(realpathSync(join(projectRoot, 'node_modules/turbo/package.json')));
    return besideTurbo.resolve(`@turbo/${system}-${processor}/bin/turbo${extension}`);
  } catch {
    return 'turbo';
  }
}

/** The log of a gate's original run, as restored by turbo. */
export async function replayedLines(gate: GateId): Promise<GateLine[]> {
  const file = join(projectRoot, 'packages/gates/.turbo', `turbo-${gate}.log`);
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split(/\r?\n/).flatMap((line) => unframeLine(line) ?? []);
}

function turboEnvironment({ cache, fingerprints, env, channel }: TurboRequest): Record<string, string> {
  const own = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && TURBO_VARIABLE.test(name) ? [[name, value] as const] : [],
  );
  return {
    // In seconds. Turbo's defaults of 30 and 60 are too long to wait for a cache that is down.
    TURBO_REMOTE_CACHE_TIMEOUT: '10',
    TURBO_REMOTE_CACHE_UPLOAD_TIMEOUT: '20',
    ...Object.fromEntries(own),
    // So that turbo finds our `pnpm` and this project's own Node.
    PATH: [FOR_TURBO, join(projectRoot, 'node_modules/.bin'), env.PATH ?? ''].join(delimiter),
    HOME: env.HOME ?? '',
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    ...Object.fromEntries([...fingerprints].map(([gate, id]) => [fingerprintVariable(gate), id])),
    ...(cache === 'replay' ? { GATES_ONLY_REPLAY: '1' } : {}),
    ...(channel === undefined ? {} : { GATES_CHANNEL: channel }),
  };
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
  tasks: {
    task: string;
    cache: { status: 'HIT' | 'MISS'; source?: 'LOCAL' | 'REMOTE' };
    execution?: { exitCode: number; startTime: number; endTime: number };
  }[];
};

/** Reads this run's summary from the file that turbo named, then deletes it because nobody will read it again. */
async function readSummary(
  file: string | undefined,
  gates: readonly GateId[],
): Promise<ReadonlyMap<GateId, TaskSummary>> {
  if (file === undefined || dirname(file) !== SUMMARIES) return new Map();
  const { tasks } = JSON.parse(await readFile(file, 'utf8')) as SummaryFile;
  await rm(file, { force: true });
  const found = gates.flatMap((gate): [GateId, TaskSummary][] => {
    const { cache, execution } = tasks.find((each) => each.task === gate) ?? {};
    if (cache === undefined || execution === undefined) return [];
    const { exitCode, startTime, endTime } = execution;
    const source = cache.source === 'REMOTE' ? 'remote' : 'local';
    const replayedFrom = cache.status === 'HIT' ? source : undefined;
    return [[gate, { exitCode, durationMs: endTime - startTime, replayedFrom }]];
  });
  return new Map(found);
}
