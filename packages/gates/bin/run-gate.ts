// The body of every turbo task here: runs one gate in the target checkout, frames its output line by line, and ends
// with the gate's own exit code.
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { $ } from 'zx/core';
import { readSurroundings } from '../src/environment.ts';
import { frameLine, type GateLine } from '../src/frame.ts';
import { findGate } from '../src/gates.ts';

// What a shell says when a command is not there, or is no program: https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

const gate = findGate(process.argv[2]);
const { checkout, env } = readSurroundings(process.env);
const command = gate.command(checkout);

const child = $({
  cwd: checkout.root,
  env,
  nothrow: true,
  quiet: true,
  stdio: ['ignore', 'pipe', 'pipe'],
})`${command}`;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void child.kill(signal));
const [{ exitCode }] = await Promise.all([child, pass('stdout', child.stdout), pass('stderr', child.stderr)]);
process.exitCode = verdict(exitCode);

async function pass(stream: GateLine['stream'], from: Readable): Promise<void> {
  for await (const text of createInterface({ input: from })) say({ stream, text });
}

function verdict(code: number | null): number {
  if (code === NOT_FOUND || code === NOT_EXECUTABLE) {
    say({ stream: 'stderr', text: `${command[0]} cannot be run: it is missing, or not executable` });
    return 1;
  }
  return code ?? 1;
}

function say(line: GateLine): void {
  process.stdout.write(`${frameLine(line)}\n`);
}
