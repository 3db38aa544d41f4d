import { realpath } from 'node:fs/promises';
import type { TargetCheckout } from '@deploy/cli';
import { type GateEvidence, writeEvidence } from './evidence.ts';
import { type FingerprintOrWhyNot, fingerprintGates } from './fingerprint.ts';
import type { Gate } from './gates.ts';
import { type AlsoRead, readElsewhere } from './inputs/dep-info.ts';
import { gitIn, hasChanges } from './inputs/git.ts';

export type EstablishRequest = {
  gate: Gate;
  checkout: TargetCheckout;
  gateEnv: Record<string, string>;
  /** From before the gate ran. */
  fingerprint: string;
  durationMs: number;
  /** The machine, or the run in CI. */
  where: string;
};

/** With this exit code turbo does not keep a gate's result although it has passed. Of sysexits.h: try again later. */
export const NOT_KEPT = 75;

const TOOL_NAME = /^(?:cargo|node|python3|jq|wasm-pack)$/;

/** Writes the evidence of a gate that has just passed, with whether anything it rests on changed meanwhile. */
export async function establish(request: EstablishRequest): Promise<GateEvidence> {
  const { gate, checkout, gateEnv, durationMs, where } = request;
  const git = gitIn(checkout.root, gateEnv);
  const [prints, commit, hadChanges] = await Promise.all([
    fingerprintGates([gate], { checkout, gateEnvOf: () => gateEnv }),
    git('rev-parse', 'HEAD'),
    hasChanges(git, checkout),
  ]);
  const now = prints.get(gate.id);
  const found: GateEvidence = {
    gate: gate.id as GateEvidence['gate'],
    verdict: 'passed',
    fingerprint: request.fingerprint,
    commit: commit.trim(),
    hadChanges,
    establishedAt: new Date().toISOString(),
    durationMs,
    where,
    tools: toolsOf(now),
    alsoRead: await alsoReadBy(now, request),
    kept: now !== undefined && 'id' in now && now.id === request.fingerprint,
  };
  await writeEvidence(found);
  return found;
}

function toolsOf(print: FingerprintOrWhyNot | undefined): Record<string, string> {
  if (print === undefined || 'unknown' in print) return {};
  return Object.fromEntries([...print.inputs].filter(([name]) => TOOL_NAME.test(name)));
}

async function alsoReadBy(
  print: FingerprintOrWhyNot | undefined,
  { checkout, gateEnv }: EstablishRequest,
): Promise<AlsoRead> {
  if (print === undefined || 'unknown' in print) return {};
  const root = await realpath(checkout.root);
  const isCovered = (name: string): boolean => print.inputs.has(name);
  const seen = await Promise.all(
    print.crates.map((crates) => readElsewhere({ root, crates, gateEnv, isCovered })),
  );
  return Object.assign({}, ...seen);
}
