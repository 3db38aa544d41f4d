import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import * as v from 'valibot';
import { type GateId, gateIds } from './gates.ts';

const texts = v.record(v.string(), v.string());

const passRecord = v.strictObject({
  gate: v.picklist(gateIds),
  verdict: v.literal('passed'),
  /** The fingerprint of the inputs that the gate ran on. */
  fingerprint: v.string(),
  /** The checkout's commit when the gate ran. Uncommitted changes on top of it are part of the fingerprint. */
  commit: v.string(),
  hadChanges: v.boolean(),
  establishedAt: v.pipe(v.string(), v.isoTimestamp()),
  durationMs: v.number(),
  /** The machine or CI run on which the gate passed. */
  where: v.string(),
  tools: texts,
  /** The state of everything that the build read but the fingerprint does not cover, by name. */
  alsoRead: texts,
  /** False when the verdict holds for this run only, for instance because an input changed while the gate ran. */
  kept: v.boolean(),
});

/** The record that a gate leaves when it passes. Turbo stores it with the log and restores it on a cache hit. */
export type PassRecord = v.InferOutput<typeof passRecord>;

/** The file of a gate's record. Turbo looks for outputs only in this package, and turbo.json has the same path. */
function fileOf(gate: GateId): string {
  return join(projectRoot, 'packages/gates/.pass-records', `${gate}.json`);
}

export async function writePassRecord(found: PassRecord): Promise<void> {
  const file = fileOf(found.gate);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(found, null, 2)}\n`);
}

/** The record of the run that just ended; undefined when it is missing or unreadable. */
export async function readPassRecord(gate: GateId): Promise<PassRecord | undefined> {
  const text = await readFile(fileOf(gate), 'utf8').catch(() => '');
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), passRecord), text);
  return parsed.success && parsed.output.gate === gate ? parsed.output : undefined;
}

/** Deletes the record of an earlier run, so that a record found later is from this run. */
export async function forgetPassRecord(gate: GateId): Promise<void> {
  await rm(fileOf(gate), { force: true });
}
