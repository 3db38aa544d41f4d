import { accessSync, constants, readdirSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for the PATH with every program that this process finds by its own, but for those named. */
export async function pathWithout(
  missing: readonly string[],
): Promise<{ folder: string; [Symbol.asyncDispose](): Promise<void> }> {
  const programs = new Map<string, string>();
  for (const folder of (process.env.PATH ?? '').split(':').reverse()) {
    for (const name of programsIn(folder)) programs.set(name, join(folder, name));
  }
  for (const name of missing) programs.delete(name);
  const folder = await mkdtemp(join(tmpdir(), 'path-'));
  await Promise.all([...programs].map(([name, program]) => symlink(program, join(folder, name))));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

function programsIn(folder: string): string[] {
  try {
    accessSync(folder, constants.R_OK);
    return readdirSync(folder);
  } catch {
    return [];
  }
}
