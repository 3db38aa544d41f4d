// The body of every turbo task here: runs one gate in the target checkout, frames and redacts its output line by line,
// leaves the evidence of a gate that has passed, and ends with the gate's own exit code.
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { redact, Secret } from '@deploy/cli';
import { $ } from 'zx/core';
import { establish, NOT_KEPT } from '../src/establish.ts';
import { frameLine, type GateLine } from '../src/frame.ts';
import { findGate } from '../src/gates.ts';
import { askForSecrets } from '../src/secrets-channel.ts';
import { readSurroundings } from '../src/surroundings.ts';

// What a shell says when a command is not there, or is no program: https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

const gate = findGate(process.argv[2]);
const { checkout, gateEnv, fingerprint, secretsPath, where } = readSurroundings(process.env);
for (const value of await askForSecrets(secretsPath)) new Secret(value);
const command = gate.command(checkout);

const startedAt = performance.now();
const child = $({
  cwd: checkout.root,
  env: gateEnv,
  nothrow: true,
  quiet: true,
  stdio: ['ignore', 'pipe', 'pipe'],
})`${command}`;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void child.kill(signal));
const [{ exitCode }] = await Promise.all([child, pass('stdout', child.stdout), pass('stderr', child.stderr)]);
process.exitCode = verdict(exitCode);
if (exitCode === 0 && fingerprint !== '') {
  const durationMs = Math.round(performance.now() - startedAt);
  const { kept } = await establish({ gate, checkout, gateEnv, fingerprint, durationMs, where });
  if (!kept) process.exitCode = NOT_KEPT;
}

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

// Turbo stores what is written here, and shares it: what is to be redacted must be gone by now.
function say({ stream, text }: GateLine): void {
  process.stdout.write(`${frameLine({ stream, text: redact(text) })}\n`);
}
