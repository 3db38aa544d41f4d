import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import type { Command } from './measure.ts';

const tsx = join(projectRoot, 'node_modules/.bin/tsx');
// The registry's own command, which runs a script in a second process: what one would use instead of ours.
const registrysTsx = join(projectRoot, 'packages/tsx/node_modules/.bin/tsx');

/** One of the project's scripts, started as `pnpm tsx` starts it. */
export function script(name: string, args: readonly string[], env: Record<string, string>): Command {
  return { run: [tsx, join(projectRoot, 'scripts', `${name}.ts`), ...args], env, cwd: projectRoot };
}

/** The same without tsx: Node translates the types away by itself. */
export function nodeScript(name: string, args: readonly string[], env: Record<string, string>): Command {
  return {
    run: [process.execPath, join(projectRoot, 'scripts', `${name}.ts`), ...args],
    env,
    cwd: projectRoot,
  };
}

/** The registry's tsx on an empty file: what every script would take at the least without ours. */
export async function emptyProgram(): Promise<AsyncDisposable & { command: Command }> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const file = join(folder, 'empty.ts');
  await writeFile(file, '');
  return {
    command: { run: [registrysTsx, file], cwd: projectRoot },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
