import { readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { cleanLine, type Environment, projectRoot, stopAlong, type TargetCheckout } from '@deploy/cli';
import { $ } from 'zx/core';
import { type GateLine, unframeLine } from './frame.ts';
import type { GateId } from './gates.ts';

/** How a task ended, by turbo's own summary of the run. */
export type TaskSummary = {
  exitCode: number;
  durationMs: number;
  /** Where the result came from; undefined when the task ran. */
  replayedFrom: 'local' | 'remote' | undefined;
};

export type TurboRun = {
  /** Undefined when the task has not started: turbo's summary leaves it out. */
  task: TaskSummary | undefined;
  /** What turbo itself had to say when it failed, in one line. */
  complaint: string;
};

/**
 * `use` reads and writes the cache, `renew` only writes, `none` does neither: a task of its own then, whose log is not
 * the one that somebody else is about to have cached.
 */
export type CacheMode = 'use' | 'renew' | 'none';

export type TurboRequest = {
  gate: GateId;
  cache: CacheMode;
  fingerprint: string;
  checkout: TargetCheckout;
  /** Of this process; for turbo's own settings. */
  env: Environment;
  /** For the gate. */
  gateEnv: Readonly<Record<string, string>>;
  /** Where the gate's runner asks what to redact. */
  secretsPath: string;
  /** Lines of the gate as it runs; a result from the cache comes without. */
  onLine(line: GateLine): void;
};

const PACKAGE = '@deploy/gates';
const SUMMARIES = join(projectRoot, '.turbo/runs');
const LOCAL_ONLY = '--cache=local:rw,remote:';
// Of turbo's own variables; each as https://turborepo.com/docs/reference/system-environment-variables has it.
const TURBO_VARIABLE =
  /^(?:TURBO_(?:API|TOKEN|TEAM|TEAMID|CACHE_DIR|REMOTE_CACHE_\w+|PREFLIGHT)|(?:https?|all|no)_proxy|SSL_CERT_(?:FILE|DIR))$/i;

/** Whether a shared cache is configured but cannot be trusted: without a key, whoever reaches it decides what passes. */
export function isUnsigned(env: Environment): boolean {
  return Boolean(env.TURBO_TOKEN) && !env.TURBO_REMOTE_CACHE_SIGNATURE_KEY;
}

/**
 * Runs one task of this package with turbo. A signal that stops this process stops turbo, the gate and everything the
 * gate has started; then it throws Interrupted.
 */
export async function runTurbo(request: TurboRequest): Promise<TurboRun> {
  const { gate, cache, env, onLine } = request;
  const task = cache === 'none' ? uncachedTask(gate) : gate;
  const flags = [...(cache === 'renew' ? ['--force'] : []), ...localOnly(env)];
  const child = $({
    cwd: projectRoot,
    env: turboEnvironment(request),
    nothrow: true,
    quiet: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })`turbo run ${task} --filter=${PACKAGE} --output-logs=new-only --json --summarize ${flags}`;
  using stopping = stopAlong(child);
  let summaryFile: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = parseEvent(line);
    if (event === undefined) continue;
    const gateLine = event.source.startsWith(PACKAGE) ? unframeLine(event.text) : undefined;
    if (gateLine !== undefined) onLine(gateLine);
    // Turbo's own word: a gate may print such a line as well.
    if (event.source === 'turbo') summaryFile ??= /Summary:\s+(\S+\.json)/.exec(event.text)?.[1];
  }
  const { stderr } = await child;
  stopping.throwIfStopped(`while ${gate} was running`, 'It was stopped, and nothing after it was begun.');
  return { task: await readSummary(summaryFile, task), complaint: cleanLine(stderr, 300) };
}

/** Which of these tasks, by fingerprint, turbo would take from a cache, and from which; nothing is run. */
export async function askTurbo(
  request: Pick<TurboRequest, 'gate' | 'fingerprint' | 'checkout' | 'env'>,
): Promise<'local' | 'remote' | undefined> {
  const { gate, env } = request;
  const child = $({
    cwd: projectRoot,
    env: turboEnvironment({ ...request, gateEnv: {}, secretsPath: '' }),
    nothrow: true,
    quiet: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })`turbo run ${gate} --filter=${PACKAGE} --dry=json ${localOnly(env)}`;
  const { stdout } = await child;
  try {
    const { tasks } = JSON.parse(stdout) as {
      tasks: { task: string; cache: { local: boolean; remote: boolean } }[];
    };
    const cache = tasks.find((each) => each.task === gate)?.cache;
    return cache?.local ? 'local' : cache?.remote ? 'remote' : undefined;
  } catch {
    return undefined;
  }
}

/** The lines that a gate wrote when its result was established, which turbo has brought back. */
export async function replayedLines(gate: GateId): Promise<GateLine[]> {
  const file = join(projectRoot, 'packages/gates/.turbo', `turbo-${gate}.log`);
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split(/\r?\n/).flatMap((line) => unframeLine(line) ?? []);
}

/** The web-shell build is of no cache anyway. */
function uncachedTask(gate: GateId): string {
  return gate === 'web-shell-build' ? gate : `${gate}-uncached`;
}

function localOnly(env: Environment): string[] {
  return isUnsigned(env) ? [LOCAL_ONLY] : [];
}

function turboEnvironment(request: Omit<TurboRequest, 'gate' | 'cache' | 'onLine'>): Record<string, string> {
  const { env, checkout, gateEnv, fingerprint, secretsPath } = request;
  const own = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && TURBO_VARIABLE.test(name) ? [[name, value] as const] : [],
  );
  return {
    // Seconds. Turbo's own 30 and 60, for each of four gates, would be long to wait for a cache that is down.
    TURBO_REMOTE_CACHE_TIMEOUT: '10',
    TURBO_REMOTE_CACHE_UPLOAD_TIMEOUT: '20',
    ...Object.fromEntries(own),
    // Turbo finds pnpm and Node among this project's own tools.
    PATH: [join(projectRoot, 'node_modules/.bin'), env.PATH ?? ''].join(delimiter),
    HOME: env.HOME ?? '',
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    GATES_FINGERPRINT: fingerprint,
    GATES_CHECKOUT: JSON.stringify(checkout),
    GATES_ENVIRONMENT: JSON.stringify(gateEnv),
    GATES_SECRETS: secretsPath,
    GATES_WHERE: placeOf(env),
  };
}

/** The run in CI where there is one, else the machine's name. */
function placeOf({ GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID }: Environment): string {
  return GITHUB_RUN_ID === undefined
    ? hostname()
    : `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
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

/** Reads the summary of this very run, whose file turbo names, and clears it away: it would never be read again. */
async function readSummary(file: string | undefined, task: string): Promise<TaskSummary | undefined> {
  if (file === undefined || dirname(file) !== SUMMARIES) return undefined;
  const { tasks } = JSON.parse(await readFile(file, 'utf8')) as SummaryFile;
  await rm(file, { force: true });
  const found = tasks.find((each) => each.task === task);
  if (found?.execution === undefined) return undefined;
  const { exitCode, startTime, endTime } = found.execution;
  const source = found.cache.source === 'REMOTE' ? 'remote' : 'local';
  return {
    exitCode,
    durationMs: endTime - startTime,
    replayedFrom: found.cache.status === 'HIT' ? source : undefined,
  };
}
