import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { COMPILE_CACHE } from '../../support/run-script.ts';

export type Ended = { exitCode: number | null; stderr: string; wroteForMs: number };

/** Starts one of the programs beside this file. `begun` tells whether it said so before it ended. */
export function startProgram(name: string, args: readonly string[]) {
  const program = join(import.meta.dirname, `${name}.ts`);
  const child = spawn(process.execPath, [...COMPILE_CACHE, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let begunAt = 0;
  child.stdout.on('data', () => {
    begunAt ||= performance.now();
  });
  const stderr = text(child.stderr);
  const closed = once(child, 'close') as Promise<[number | null]>;
  return {
    begun: Promise.race([once(child.stdout, 'data').then(() => true), closed.then(() => false)]),
    ended: closed.then(async ([exitCode]): Promise<Ended> => {
      return { exitCode, stderr: await stderr, wroteForMs: performance.now() - begunAt };
    }),
    kill: (signal: NodeJS.Signals) => child.kill(signal),
  };
}
