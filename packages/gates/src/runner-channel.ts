import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cleanLine, errorMessage, type TargetCheckout, UserError } from '@deploy/cli';
import type { ExtraInput } from './extra-inputs.ts';
import type { PassRecord } from './pass-record.ts';

/** What a gate's runner needs from the script that started it through turbo. */
export type RunnerOrder = {
  checkout: TargetCheckout;
  /** The gate's whole environment. */
  gateEnv: Record<string, string>;
  extraInputs: readonly ExtraInput[];
  /** Values to redact. */
  secrets: readonly string[];
  /** Where the gate runs: the machine's name, or the URL of the CI run. */
  where: string;
};

/**
 * The runner's exit code when the gate passed but turbo must not keep its verdict. It is not 0, because turbo caches
 * every task that exits with 0. (75 is EX_TEMPFAIL of sysexits.h.)
 */
export const NOT_KEPT = 75;

/** A runner's report on a gate that passed; it sends none for a gate that failed. */
export type RunnerReport = {
  record: PassRecord;
  /** Why the verdict is not kept; undefined when it is kept. */
  notKept: string | undefined;
};

/** The script's end of the channel to a runner. */
export type RunnerChannel = AsyncDisposable & {
  path: string;
  /** The runner's report, once it has sent one. */
  report(): RunnerReport | undefined;
};

/**
 * Opens a channel for this run's own runner: a socket in a folder that only this user can open. Everything for the
 * runner, including secrets, goes through the channel, because a gate could read a file, a command line or an
 * environment. When this process is killed, the channel closes and the runner stops the gate.
 */
export async function openRunnerChannel(order: () => RunnerOrder): Promise<RunnerChannel> {
  const folder = await makeFolder();
  const path = join(folder, SOCKET);
  const sockets = new Set<Socket>();
  let report: RunnerReport | undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    createInterface({ input: socket }).on('line', (line) => {
      report = JSON.parse(line) as RunnerReport;
      socket.end();
    });
    socket.write(`${JSON.stringify(order())}\n`);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  // The server must not keep the process alive.
  server.unref();
  return {
    path,
    report: () => report,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const SOCKET = 'runner';
// macOS allows 103 bytes for a socket's path, Linux allows 107.
const LONGEST_PATH = 103;

/** A new folder for a socket: in TMPDIR, unless that is too deep for one. */
async function makeFolder(): Promise<string> {
  const length = Buffer.byteLength(join(tmpdir(), 'gates-123456', SOCKET));
  const place = length > LONGEST_PATH ? '/tmp' : tmpdir();
  return mkdtemp(join(place, 'gates-')).catch((error: unknown) => {
    throw new UserError(`there is no folder for temporary files: ${cleanLine(errorMessage(error), 200)}`, {
      hint: 'Set TMPDIR to a folder that you can write to.',
      cause: error,
    });
  });
}

/** The runner's end of the channel. */
export type ScriptChannel = {
  order: RunnerOrder;
  /** Aborts when the script exits before `close` is called. */
  gone: AbortSignal;
  /** Sends the report, if the gate passed, and waits until the script has received it. */
  close(report?: RunnerReport): Promise<void>;
};

/**
 * Connects to the script. Throws when nobody answers, because the gate's log must not be written without the list of
 * secrets, which only the script has.
 */
export async function callScript(path: string): Promise<ScriptChannel> {
  const socket = connect(path);
  const gone = new AbortController();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const order = await new Promise<RunnerOrder>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the script that runs the gates is gone')));
    createInterface({ input: socket }).once('line', (line) => resolve(JSON.parse(line) as RunnerOrder));
  });
  socket.on('error', () => socket.destroy());
  const onClose = (): void => gone.abort();
  socket.once('close', onClose);
  return {
    order,
    gone: gone.signal,
    async close(report) {
      socket.off('close', onClose);
      if (report === undefined) socket.end();
      else socket.write(`${JSON.stringify(report)}\n`);
      await closed;
    },
  };
}
