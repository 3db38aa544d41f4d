import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { projectRoot } from '@deploy/cli';

type Environment = Record<string, string>;

/**
 * The environment of a block's shell, with this project's own pnpm first on the PATH. Nothing else gets in of the one
 * that the tests were started with, which may have settings of the scripts, and asks for colours on a terminal.
 */
export function shellEnvironment(): Environment {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  const folder = join(projectRoot, 'node_modules/.bin');
  return { PATH: `${folder}:${PATH}`, HOME, ...(TMPDIR !== undefined && { TMPDIR }) };
}

/** A page's placeholders, and what stands for them here. */
export function filledIn(block: string, places: Readonly<Record<string, string>>): string {
  return Object.entries(places).reduce((shell, [from, to]) => shell.replaceAll(from, to), block);
}

export type Ran = { exitCode: number; output: string; env: Environment };

/**
 * Runs a block of shell in this project's folder. What it exports is in the environment that it gives, as in a
 * terminal.
 */
export async function runBlock(shell: string, env: Environment): Promise<Ran> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'block-'));
  const dump = join(folder.path, 'env');
  const script = `trap 'env -0 > ${dump}' EXIT\n${shell}`;
  const child = spawn('bash', ['-euc', script], { cwd: projectRoot, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [exitCode] = (await ended) as [number];
  return { exitCode, output: `${stdout}${stderr}`, env: parseEnvironment(await readFile(dump, 'utf8')) };
}

function parseEnvironment(dump: string): Environment {
  const entries = dump.split('\0').filter((entry) => entry.includes('='));
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}
