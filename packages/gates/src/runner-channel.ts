import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TargetCheckout } from '@deploy/cli';
import type { GateEvidence } from './evidence.ts';
import type { ExtraInput } from './extra-inputs.ts';

/** What a gate's runner needs of the script that has turbo start it. */
export type RunnerOrder = {
  checkout: TargetCheckout;
  /** The gate's whole environment. */
  gateEnv: Record<string, string>;
  extraInputs: readonly ExtraInput[];
  /** What to redact. */
  secrets: readonly string[];
  /** The machine, or the run in CI. */
  where: string;
};

/** What a runner says of a gate that has passed; it says nothing of any other. */
export type RunnerReport = {
  evidence: GateEvidence;
  /** Why the verdict is not kept; undefined when it is. */
  notKept: string | undefined;
};

/** The script's end of the channel to a runner. */
export type RunnerChannel = AsyncDisposable & {
  path: string;
  /** What the runner has said so far. */
  report(): RunnerReport | undefined;
};

/**
 * A channel to the runner of this very run, and of no other: a socket in a folder that only this user can open. What
 * goes over it, secrets among it, is on no disk, on no command line and in no environment, where gates would find it.
 * When this process is killed the channel closes, and the runner stops the gate.
 */
export async function openRunnerChannel(order: () => RunnerOrder): Promise<RunnerChannel> {
  const folder = await mkdtemp(join(tmpdir(), 'gates-'));
  const path = join(folder, 'runner');
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
  // It does not keep the process alive.
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

/** The runner's end. */
export type ScriptChannel = {
  order: RunnerOrder;
  /** Aborted when the script is gone before `close`. */
  gone: AbortSignal;
  /** Says how the gate ended, if it passed, and waits until the script has heard it. */
  close(report?: RunnerReport): Promise<void>;
};

/** Throws when nobody answers: a log that may hold secrets must not be written. */
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
