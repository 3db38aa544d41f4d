import { realpath } from 'node:fs/promises';
import type { GateEvidence } from './evidence.ts';
import { changedSince } from './inputs/dep-info.ts';

export type StalenessRequest = {
  /** Of the checkout as it is now. */
  fingerprint: string;
  root: string;
  gateEnv: Readonly<Record<string, string>>;
  maxAgeMs: number;
};

const CLOCKS_DIFFER_MS = 5 * 60 * 1000;

/** Why a verdict out of a cache is not to be used; undefined when a fresh run would give the same. */
export async function whyNotUsed(
  evidence: GateEvidence | undefined,
  { fingerprint, root, gateEnv, maxAgeMs }: StalenessRequest,
): Promise<string | undefined> {
  if (evidence === undefined) return 'its evidence is missing, or cannot be read';
  if (evidence.fingerprint !== fingerprint) return 'its evidence is that of other inputs';
  const ageMs = Date.now() - Date.parse(evidence.establishedAt);
  if (ageMs >= maxAgeMs) return `it is of ${evidence.establishedAt}, older than GATES_MAX_AGE allows`;
  if (ageMs < -CLOCKS_DIFFER_MS) return `it is dated in the future, ${evidence.establishedAt}`;
  const changed = await changedSince(evidence.alsoRead, await realpath(root), gateEnv);
  return changed.length === 0
    ? undefined
    : `what the build reads beside its crates has changed: ${listed(changed)}`;
}

/** Some names, the first few of many. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
