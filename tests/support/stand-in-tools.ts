import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type ToolCall = { tool: string; args: string[] };

export type StandInTools = {
  /** To be put in front of the PATH. */
  folder: string;
  /** Writes a stand-in somewhere else than in the folder, such as a script of a checkout. */
  put(path: string, body: string): Promise<void>;
  /** Every call so far, in order. */
  calls(): Promise<ToolCall[]>;
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * Small programs that log how they are called, one call a line, and then do what their shell text says (`"$@"` are
 * their arguments). For the tools that a script calls and a test must not.
 */
export async function standInTools(tools: Record<string, string>): Promise<StandInTools> {
  const folder = await mkdtemp(join(tmpdir(), 'tools-'));
  const log = join(folder, 'calls.log');
  await writeFile(log, '');
  const put = async (path: string, body: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    const record = `{ printf '%s' "\${0##*/}"; printf '\\t%s' "$@"; printf '\\n'; } >> '${log}'`;
    await writeFile(path, `#!/bin/sh\n${record}\n${body}\n`);
    await chmod(path, 0o755);
  };
  for (const [name, body] of Object.entries(tools)) await put(join(folder, name), body);
  return {
    folder,
    put,
    async calls() {
      const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
      return lines.map((line) => {
        const [tool = '', ...args] = line.split('\t');
        // printf gives one empty field where there is no argument at all.
        return { tool, args: args.length === 1 && args[0] === '' ? [] : args };
      });
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
