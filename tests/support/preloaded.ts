import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { projectRoot } from '@deploy/cli';
import { COMPILE_CACHE } from './run-script.ts';

/** Runs a script with one of the preloads in front of it, and gives what that told. Throws when the script fails. */
export async function runPreloaded(
  preload: 'tell-memory' | 'tell-loaded',
  [script, ...args]: readonly [string, ...string[]],
  env: Record<string, string>,
): Promise<string> {
  const child = spawn(
    process.execPath,
    [
      ...COMPILE_CACHE,
      '--import',
      join(import.meta.dirname, 'preload', `${preload}.ts`),
      join(projectRoot, 'scripts', `${script}.ts`),
      ...args,
    ],
    {
      cwd: projectRoot,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    },
  );
  // Both pipes were asked for above.
  const told = Promise.all([child.stderr, child.stdio[3]].map((pipe) => text(pipe as Readable)));
  const [exitCode] = await once(child, 'close');
  const [complaint = '', facts = ''] = await told;
  if (exitCode !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${exitCode}: ${complaint}`);
  return facts;
}
