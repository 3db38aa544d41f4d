import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';

export type ScriptRun = { exitCode: number | null; stdout: string; stderr: string; durationMs: number };

export type ScriptOptions = {
  /** The whole environment of the child, but for what it needs to start at all; nothing is inherited. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Folders in front of the PATH, for stand-in tools. */
  pathFirst?: readonly string[];
  /** Gets hold of the process as it starts, to watch or to kill it. */
  onStart?: (child: ChildProcess) => void;
};

/** Arguments of Node that make a program's start cheaper, the more so the more often it is started. */
export const COMPILE_CACHE = ['--import', join(import.meta.dirname, 'preload/compile-cache.mjs')] as const;

/**
 * Runs `scripts/<name>.ts` as a real child process, with nothing of this process's settings, and collects its output.
 * `pnpm tsx`, which does the same, is for the tests of the README and of the start-up.
 */
export async function runScriptProcess(
  name: string,
  args: readonly string[],
  options: ScriptOptions = {},
): Promise<ScriptRun> {
  const startedAt = Date.now();
  const child = spawn(
    process.execPath,
    [...COMPILE_CACHE, join(projectRoot, 'scripts', `${name}.ts`), ...args],
    {
      cwd: options.cwd ?? projectRoot,
      env: environmentOf(options),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  options.onStart?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { exitCode, stdout, stderr, durationMs: Date.now() - startedAt };
}

/** What a script is given of the environment: nothing of this process's settings. */
export function environmentOf({ pathFirst = [], env }: ScriptOptions): Record<string, string | undefined> {
  return { PATH: [...pathFirst, process.env.PATH].join(':'), HOME: process.env.HOME, ...env };
}
