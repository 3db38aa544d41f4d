import { type ChildProcess, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Instance } from './instance.ts';
import type { Watchdog } from './watchdog.ts';

/** The user's program, which every revision of a service runs as its container. */
export type ContainerProgram = {
  command: string;
  /** Variables of the machine and the image, such as PATH; the revision's own take precedence. */
  environment: Readonly<Record<string, string>>;
  /**
   * Maps folders of the image to folders on this machine. Variables whose value starts with a folder of the image are
   * rewritten.
   */
  paths?: Readonly<Record<string, string>>;
  /** Default: the emulator's working directory. */
  cwd?: string;
  /** How many milliseconds the program has to stop before it is killed (default 10 000). */
  graceMs?: number;
  /** Called with each line that the program writes. The line also goes to the log. */
  onOutput?(text: string): void;
};

export type ProgramOptions = {
  program: ContainerProgram;
  env: Readonly<Record<string, string>>;
  /** How many milliseconds the program may take until its port accepts connections. */
  startupMs: number;
  watchdog: Watchdog;
  onLine(stream: 'stdout' | 'stderr', text: string): void;
  /** Aborts the start when the emulator stops. */
  stopping: AbortSignal;
};

export type StartFailure = { failed: 'exited'; exitCode: number | null } | { failed: 'timed out' };

// As on Cloud Run: https://cloud.google.com/run/docs/container-contract#instance-shutdown
const GRACE_MS = 10_000;
const POLL_MS = 20;

/** Starts the program and waits until its port accepts connections. */
export async function startProgram(options: ProgramOptions): Promise<Instance | StartFailure> {
  const { program, env, startupMs, watchdog, onLine, stopping } = options;
  const port = await freePort();
  const child = spawn('/bin/sh', ['-c', program.command], {
    cwd: program.cwd,
    env: {
      ...program.environment,
      ...withLocalPaths(env, program.paths),
      PORT: String(port),
      // The service reads this variable instead of PORT. On Cloud Run, the service's image sets it.
      OA_CONTROL_BIND_ADDR: `127.0.0.1:${port}`,
    },
    // A separate process group, so that a signal reaches the shell, the program and its children.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of ['stdout', 'stderr'] as const) {
    eachLine(child[stream], (text) => {
      onLine(stream, text);
      program.onOutput?.(text);
    });
  }
  const { pid } = child;
  if (pid !== undefined) watchdog.watch(pid);
  const exited = exitOf(child).then((exitCode) => {
    // Stops whatever the program left behind in its group.
    if (pid !== undefined) {
      signalGroup(pid, 'SIGKILL');
      watchdog.forget(pid);
    }
    return exitCode;
  });
  const stop = async (): Promise<void> => {
    if (pid === undefined) return;
    signalGroup(pid, 'SIGTERM');
    const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), program.graceMs ?? GRACE_MS);
    await exited;
    clearTimeout(timer);
  };

  const outcome = await listening(port, startupMs, { exited, stopping });
  if (outcome === 'listening') return { port, exited, stop };
  await stop();
  return outcome === 'timed out' ? { failed: outcome } : { failed: 'exited', exitCode: await exited };
}

// Longer lines are split, because a log entry has at most 256 KiB: https://cloud.google.com/logging/quotas
const LONGEST_LINE = 256 * 1024;

/**
 * Calls `onLine` with each line of a stream, without the line break. Text after the last line break counts as a line.
 * Skips empty lines.
 */
function eachLine(stream: Readable, onLine: (text: string) => void): void {
  let rest = '';
  const flush = (text: string): void => {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (line !== '') onLine(line);
  };
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) flush(line);
    while (rest.length > LONGEST_LINE) {
      flush(rest.slice(0, LONGEST_LINE));
      rest = rest.slice(LONGEST_LINE);
    }
  });
  stream.once('end', () => flush(rest));
}

function withLocalPaths(
  env: Readonly<Record<string, string>>,
  paths: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const local = (value: string): string => {
    const found = Object.entries(paths).find(([path]) => value === path || value.startsWith(`${path}/`));
    return found === undefined ? value : `${found[1]}${value.slice(found[0].length)}`;
  };
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, local(value)]));
}

async function listening(
  port: number,
  withinMs: number,
  { exited, stopping }: { exited: Promise<unknown>; stopping: AbortSignal },
): Promise<'listening' | 'exited' | 'timed out'> {
  let hasExited = false;
  void exited.then(() => {
    hasExited = true;
  });
  const end = performance.now() + withinMs;
  while (!hasExited && !stopping.aborted) {
    if (await accepts(port)) return hasExited ? 'exited' : 'listening';
    if (performance.now() >= end) return 'timed out';
    await pause(POLL_MS);
  }
  return hasExited ? 'exited' : 'timed out';
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    // The shell itself could not be started. 127 is what a shell reports for a command that is not found.
    child.once('error', () => resolve(127));
  });
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // The group is empty.
  }
}

// Below the ephemeral ports, so that the system does not give a free port away before the program listens on it.
const FIRST_PORT = 20_000;
const PORTS = 10_000;

async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
