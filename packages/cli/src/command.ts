import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { killWhenAskedAgain } from './interruption.ts';
import { lineSplitter } from './lines.ts';

type CommandResult = {
  /** 127: the command does not exist; 126: it cannot be run; 128 or more: a signal ended it. */
  exitCode: number;
  stdout: string;
  stderr: string;
  /** The signal that ended the command. */
  killedBy?: NodeJS.Signals;
  /** Why the command was never started: `ENOENT`, `EACCES`, … */
  notStarted?: string;
  /** The command has ended, but it left a process running that held its output open. */
  leftRunning?: true;
};

type CommandOptions = {
  cwd?: string;
  /** The whole environment of the command. Default: this process's own. */
  env?: Record<string, string>;
  /**
   * When this signal aborts, the command and the processes that it started get SIGTERM, and later SIGKILL if they have
   * not ended. For this, a command with a signal gets a process group of its own. Ctrl-C in the terminal does not reach
   * that group, and what is left of it when the command ends is killed.
   */
  signal?: AbortSignal;
  /** Called with each line of both streams as it comes. The result's `stdout` and `stderr` are then empty. */
  onLine?(line: string, stream: 'stdout' | 'stderr'): void;
};

/** The exit code for a program that does not exist, from `runCommand` and from a shell. */
export const COMMAND_NOT_FOUND = 127;

/** How long a command may take to stop before it is killed. */
const PATIENCE_MS = 3_000;
/**
 * After a command has ended, another process may still hold its output open. Stop reading when no output has come for
 * `quietMs`, and after `longestMs` in any case.
 */
type Grace = { quietMs: number; longestMs: number };
const GRACE: Grace = { quietMs: 500, longestMs: 5_000 };
/** The most output to keep of one command: far more than any command here prints. */
const MOST_KEPT_BYTES = 256 * 1024 * 1024;

/**
 * Runs a command to its end, with an empty standard input, and returns what it printed. If the command fails, the
 * result has its exit code; nothing is thrown. Once the command has ended, this returns even if another process still
 * holds the output open. Throws an Error when the command prints more than `MOST_KEPT_BYTES`.
 */
export async function runCommand(
  [program = '', ...args]: readonly string[],
  { cwd, env, signal, onLine }: CommandOptions = {},
): Promise<CommandResult> {
  const { spawn } = await import('node:child_process');
  const child = spawn(program, args, {
    cwd,
    env,
    detached: signal !== undefined,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout = readOutput(child.stdout, onLine && ((line) => onLine(line, 'stdout')));
  const stderr = readOutput(child.stderr, onLine && ((line) => onLine(line, 'stderr')));
  const stopping = signal && stopWhenAborted(child, signal);
  try {
    const ended = await endOf(child, () => isOnPath(program, (env ?? process.env).PATH));
    const leftRunning = !('notStarted' in ended) && !(await closesInTime(child));
    for (const output of [stdout, stderr]) output.close();
    if (signal !== undefined) killGroup(child, 'SIGKILL');
    return {
      ...ended,
      stdout: stdout.text(),
      stderr: 'notStarted' in ended ? `${program}: ${ended.notStarted}` : stderr.text(),
      ...(leftRunning && { leftRunning }),
    };
  } finally {
    stopping?.[Symbol.dispose]();
  }
}

type CommandEnd = Pick<CommandResult, 'exitCode' | 'killedBy' | 'notStarted'>;

/**
 * Whether a program exists. EACCES does not prove that: a missing program fails with it too if a folder of the PATH may
 * not be searched, as after `su` (https://man7.org/linux/man-pages/man3/exec.3.html).
 */
function isOnPath(program: string, path = ''): boolean {
  return program.includes('/') || path.split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function endOf(child: ChildProcess, exists: () => boolean): Promise<CommandEnd> {
  return new Promise((resolve) => {
    child.once('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      const isMissing = code === 'ENOENT' || (code === 'EACCES' && !exists());
      resolve(
        isMissing
          ? { exitCode: COMMAND_NOT_FOUND, notStarted: 'ENOENT' }
          : { exitCode: 126, notStarted: code },
      );
    });
    child.once('exit', (exitCode, killedBy) => {
      if (killedBy === null) resolve({ exitCode: exitCode ?? 1 });
      else resolve({ exitCode: 128 + constants.signals[killedBy], killedBy });
    });
  });
}

/**
 * Whether both streams close soon. If not, the command has left a process running that holds them open, perhaps for
 * ever, and may go on writing. When this resolves, everything that the command itself wrote has been read, however busy
 * this machine is.
 */
export function closesInTime(
  { stdout, stderr }: ChildProcess,
  { quietMs, longestMs } = GRACE,
): Promise<boolean> {
  const streams = [stdout, stderr].filter((stream) => stream !== null);
  return new Promise((resolve) => {
    const endedAt = performance.now();
    let isQuiet = true;
    const settle = (closed: boolean): void => {
      clearTimeout(timer);
      resolve(closed);
    };
    const look = (): void => {
      if (isQuiet || performance.now() - endedAt > longestMs) settle(false);
      else wait();
    };
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      isQuiet = true;
      // `setImmediate` lets Node first read everything that has arrived so far.
      timer = setTimeout(() => setImmediate(look), quietMs);
    };
    for (const stream of streams) {
      stream.on('data', () => {
        isQuiet = false;
      });
      stream.once('close', () => streams.every(({ closed }) => closed) && settle(true));
    }
    wait();
    if (streams.every(({ closed }) => closed)) settle(true);
  });
}

function stopWhenAborted(child: ChildProcess, signal: AbortSignal): Disposable {
  // The terminal does not send a second Ctrl-C to the command, because the command has a process group of its own. So a
  // second Ctrl-C in this process kills that group.
  const lastResort = killWhenAskedAgain(() => killGroup(child, 'SIGKILL'));
  let outOfPatience: NodeJS.Timeout | undefined;
  const stop = (): void => {
    killGroup(child, 'SIGTERM');
    outOfPatience = setTimeout(() => killGroup(child, 'SIGKILL'), PATIENCE_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  return {
    [Symbol.dispose]() {
      lastResort[Symbol.dispose]();
      clearTimeout(outOfPatience);
      signal.removeEventListener('abort', stop);
    },
  };
}

function killGroup({ pid }: ChildProcess, how: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, how);
  } catch {
    // The whole group has ended.
  }
}

type Reading = { text(): string; close(): void };

function readOutput(stream: Readable, onLine: ((line: string) => void) | undefined): Reading {
  return onLine === undefined ? keepAll(stream) : { text: () => '', ...readLines(stream, onLine) };
}

/** Passes on a command's output line by line. `close` ends the reading, and passes on what follows the last line. */
export function readLines(stream: Readable, onLine: (line: string) => void): Pick<Reading, 'close'> {
  endAtBrokenPipe(stream);
  const decoder = new StringDecoder('utf8');
  const lines = lineSplitter(onLine);
  stream.on('data', (chunk: Buffer) => lines.add(decoder.write(chunk)));
  return {
    close() {
      stream.destroy();
      lines.add(decoder.end());
      lines.end();
    },
  };
}

function keepAll(stream: Readable): Reading {
  endAtBrokenPipe(stream);
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MOST_KEPT_BYTES) chunks.push(chunk);
  });
  return {
    text() {
      if (length <= MOST_KEPT_BYTES) return Buffer.concat(chunks).toString('utf8');
      throw new Error(`a command printed ${length} bytes, more than the ${MOST_KEPT_BYTES} that are kept`);
    },
    close: () => void stream.destroy(),
  };
}

/** Makes a broken pipe count as the end of the output. */
function endAtBrokenPipe(stream: Readable): void {
  stream.on('error', () => {});
}
