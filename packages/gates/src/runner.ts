import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import {
  COMMAND_NOT_FOUND,
  cleanText,
  closesInTime,
  type Environment,
  listenForInterruption,
  readLines,
  redact,
  redactForms,
  stopAlong,
} from '@deploy/cli';
import { $, type ProcessPromise } from 'zx/core';
import { frameLine, type GateLine } from './frame.ts';
import { findGate, fingerprintVariable, type Gate } from './gates.ts';
import { canBeRun } from './inputs/programs.ts';
import { aloneIn, aloneMeasuring } from './locks.ts';
import { isPortTaken, measuredPort } from './measured-port.ts';
import { callScript, NOT_KEPT, type RunnerOrder, type RunnerReport } from './runner-channel.ts';

// A shell's exit code for a command that is not executable:
// https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html
const NOT_EXECUTABLE = 126;

/**
 * Runs one gate in the target checkout, for the script that started this process through turbo. Redacts each line of
 * the output and marks it as the gate's. Records the verdict. Returns the gate's own exit code, or `NOT_KEPT` for a
 * pass that must not be cached. This process holds the checkout's lock while the gate runs, and stops the gate when the
 * script is killed.
 */
export async function runOrderedGate(id: string | undefined, env: Environment): Promise<number> {
  const { GATES_CHANNEL } = env;
  if (GATES_CHANNEL === undefined)
    throw new Error('GATES_CHANNEL is unset: only the deployment scripts run a gate, through turbo');
  const gate = findGate(id);
  const fingerprint = env[fingerprintVariable(gate.id)] ?? '';
  const script = await callScript(GATES_CHANNEL);
  redactForms(script.order.secrets);
  // While this process waits for the locks, there is no gate to stop, so it can simply exit.
  const leave = (): void => process.exit(1);
  script.gone.addEventListener('abort', leave);
  const { root } = script.order.checkout;
  const { exitCode, report } = await aloneIn(root, script.order.gateEnv, waits('in this checkout'), () => {
    const run = () => {
      script.gone.removeEventListener('abort', leave);
      return runGate(gate, { order: script.order, fingerprint, gone: script.gone });
    };
    return gate.measures
      ? aloneMeasuring(script.order.gateEnv, waits('that measures on this machine'), run)
      : run();
  });
  await script.close(report);
  return exitCode;

  function waits(which: string): () => void {
    return () => say({ stream: 'note', text: `${gate.id}: waiting for another run ${which}` });
  }
}

type RunnerOutcome = { exitCode: number; report?: RunnerReport };

async function runGate(
  gate: Gate,
  { order, fingerprint, gone }: { order: RunnerOrder; fingerprint: string; gone: AbortSignal },
): Promise<RunnerOutcome> {
  const { checkout, gateEnv } = order;
  const port = gate.measures ? measuredPort(gateEnv) : undefined;
  if (port !== undefined && (await isPortTaken(port))) {
    say({ stream: 'stderr', text: `port ${port} is taken: ${gate.id} would measure what listens there` });
    say({ stream: 'stderr', text: `Stop that program, or set OA_CONTROL_BIND_ADDR to another port.` });
    return { exitCode: 1 };
  }
  const establishing = fingerprint === '' ? undefined : await begin();
  const command = gate.command(checkout);
  const child = $({
    cwd: checkout.root,
    env: gateEnv,
    nothrow: true,
    quiet: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })`${command}`;
  using interruption = listenForInterruption();
  const stop = AbortSignal.any([gone, interruption.signal]);
  using _ = stopAlong(child, stop);
  const { exitCode, leftRunning } = await shownToItsEnd(child, stop);
  if (gone.aborted) return { exitCode: 1 };
  if (leftRunning) {
    const text = `note: a process that ${gate.id} left running holds its output open; what it still writes is not shown`;
    say({ stream: 'note', text });
  }
  // A script that lacks a tool ends with the same codes. They are then the gate's own, and passed on.
  const isShells = exitCode === COMMAND_NOT_FOUND || exitCode === NOT_EXECUTABLE;
  if (isShells && !canBeRun(command[0], checkout.root, gateEnv)) {
    say({ stream: 'stderr', text: `${command[0]} cannot be run: it is missing, or not executable` });
    return { exitCode: 1 };
  }
  if (exitCode !== 0 || establishing === undefined) return { exitCode: exitCode ?? 1 };
  const stillTaken = port !== undefined && (await isPortTaken(port));
  const report = await establishing.passed(
    stillTaken
      ? `something still listened on port ${port} after it had ended`
      : leftRunning
        ? 'a process that it had started was still running after it had ended'
        : undefined,
  );
  return { exitCode: report.notKept === undefined ? 0 : NOT_KEPT, report };

  async function begin() {
    // A third of what this program loads, and a run without a cache, such as every web-shell build, does not need it.
    const { establish } = await import('./establish.ts');
    return establish({ gate, order, fingerprint });
  }
}

/** Longer than for other commands: after a gate of minutes, some seconds do not matter, and the end of its log may. */
const GRACE = { quietMs: 3_000, longestMs: 10_000 };

/**
 * Shows the output of a gate until the gate has ended. Does not wait for a process that the gate has left running and
 * that holds the output open: it may do so for ever. But a gate that was told to stop has ended only when all that it
 * started has: until then, the next gate must not get the checkout.
 */
async function shownToItsEnd(
  gate: ProcessPromise,
  stop: AbortSignal,
): Promise<{ exitCode: number | null; leftRunning: boolean }> {
  const { child } = gate;
  if (child === undefined) throw new Error('zx has not started the gate');
  const outputs = (['stdout', 'stderr'] as const).map((stream) =>
    readLines(gate[stream], (line) => {
      // A program that shows its progress starts its line over with a carriage return.
      for (const text of line.split('\r')) if (text !== '' || line === '') say({ stream, text });
    }),
  );
  // If the gate could not be started, `gate` says so below.
  await once(child, 'exit').catch(() => {});
  let leftRunning = !(await closesInTime(child, GRACE));
  if (leftRunning && stop.aborted) {
    await Promise.all([gate.stdout, gate.stderr].map((stream) => finished(stream).catch(() => {})));
    leftRunning = false;
  }
  for (const output of outputs) output.close();
  return { exitCode: (await gate).exitCode, leftRunning };
}

// Turbo stores and shares this output, so secrets are removed here, even if a colour code stands in the middle of one.
function say({ stream, text }: GateLine): void {
  process.stdout.write(`${frameLine({ stream, text: redact(cleanText(text).replaceAll('\n', ' ')) })}\n`);
}
