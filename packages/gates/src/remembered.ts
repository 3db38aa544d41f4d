import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Environment, projectRoot } from '@deploy/cli';
import { type FingerprintInputs, inputNames, inputsFromJson, inputsToJson } from './fingerprint-inputs.ts';
import type { GateId } from './gates.ts';
import type { PassRecord } from './pass-record.ts';

/** A verdict with its inputs, stored on this machine only, so that `--explain` can name what has changed since. */
export type Remembered = { record: PassRecord; inputs: FingerprintInputs };

const MOST_KEPT = 10;

/**
 * Where a gate's verdicts are remembered for `--explain`. The verdicts that make a run unnecessary are in turbo's own
 * cache.
 */
function folderOf(gate: GateId, { TURBO_CACHE_DIR }: Environment): string {
  return join(TURBO_CACHE_DIR || join(projectRoot, '.turbo'), 'verdicts', gate);
}

export async function remember({ record, inputs }: Remembered, env: Environment): Promise<void> {
  const folder = folderOf(record.gate, env);
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${record.fingerprint}.json`);
  await writeFile(file, JSON.stringify({ record, inputs: inputsToJson(inputs) }), { mode: 0o600 });
  const kept = await newestFirst(folder);
  await Promise.all(kept.slice(MOST_KEPT).map((old) => rm(old, { force: true })));
}

/** The remembered verdict with the inputs closest to these, and the names of the inputs that differ. */
export async function nearestRemembered(
  gate: GateId,
  inputs: FingerprintInputs,
  env: Environment,
): Promise<{ verdict: Remembered; changed: string[] } | undefined> {
  let nearest: { verdict: Remembered; changed: string[] } | undefined;
  for (const file of await newestFirst(folderOf(gate, env))) {
    const verdict = await readRemembered(file);
    const changed = verdict && inputNames.changed(verdict.inputs, inputs);
    if (changed && (nearest === undefined || changed.length < nearest.changed.length)) {
      nearest = { verdict, changed };
    }
  }
  return nearest;
}

async function readRemembered(file: string): Promise<Remembered | undefined> {
  try {
    const { record, inputs } = JSON.parse(await readFile(file, 'utf8'));
    return record === undefined ? undefined : { record, inputs: inputsFromJson(inputs) };
  } catch {
    return undefined;
  }
}

async function newestFirst(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const files = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      const found = await stat(file).catch(() => undefined);
      return { file, changedAt: found?.mtimeMs ?? 0 };
    }),
  );
  return files.sort((a, b) => b.changedAt - a.changedAt).map(({ file }) => file);
}
