import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import * as v from 'valibot';
import { type GateId, gateIds } from './gates.ts';

const texts = v.record(v.string(), v.string());

const evidence = v.strictObject({
  gate: v.picklist(gateIds),
  verdict: v.literal('passed'),
  /** What it was run for. */
  fingerprint: v.string(),
  /** Of the checkout when it ran; the work tree may have had changes on top, which the fingerprint covers. */
  commit: v.string(),
  hadChanges: v.boolean(),
  establishedAt: v.pipe(v.string(), v.isoTimestamp()),
  durationMs: v.number(),
  /** The machine, or the run in CI, that it passed on. */
  where: v.string(),
  tools: texts,
  /** What the build was seen to read beside the inputs of the fingerprint, and what was there. */
  alsoRead: texts,
  /** False when the verdict is good for this run only, because inputs changed while the gate ran, for instance. */
  kept: v.boolean(),
});

/** What a gate leaves behind when it has passed: turbo keeps it with the log, and brings it back on a hit. */
export type GateEvidence = v.InferOutput<typeof evidence>;

/** Turbo takes a task's outputs from its own package; turbo.json names this file. */
function fileOf(gate: GateId): string {
  return join(projectRoot, 'packages/gates/.evidence', `${gate}.json`);
}

export async function writeEvidence(found: GateEvidence): Promise<void> {
  const file = fileOf(found.gate);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(found, null, 2)}\n`);
}

/** The evidence of the run that has just ended; undefined when there is none, or none that can be read. */
export async function readEvidence(gate: GateId): Promise<GateEvidence | undefined> {
  const text = await readFile(fileOf(gate), 'utf8').catch(() => '');
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), evidence), text);
  return parsed.success && parsed.output.gate === gate ? parsed.output : undefined;
}

/** Clears away what an earlier run has left: what is there afterwards is this run's. */
export async function forgetEvidence(gate: GateId): Promise<void> {
  await rm(fileOf(gate), { force: true });
}
