import { realpath } from 'node:fs/promises';
import { cleanLine } from '@deploy/cli';
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
  if (evidence.fingerprint !== fingerprint) return 'its evidence is for other inputs';
  // A runner that was left alone may have put its evidence in the place of the one that turbo brought back.
  if (!evidence.kept) return 'something changed while it was established';
  const ageMs = Date.now() - Date.parse(evidence.establishedAt);
  if (ageMs >= maxAgeMs) return `it dates from ${evidence.establishedAt}, older than GATES_MAX_AGE allows`;
  if (ageMs < -CLOCKS_DIFFER_MS) return `it is dated in the future, ${evidence.establishedAt}`;
  const changed = changedSince(evidence.alsoRead, await realpath(root), gateEnv);
  return changed.length === 0
    ? undefined
    : `what the build reads beside its crates has changed: ${listed(changed)}`;
}

/** Some names on one line, the first few of many. File names may hold anything. */
export function listed(names: readonly string[]): string {
  const shown = names
    .slice(0, 5)
    .map((name) => cleanLine(name, 200))
    .join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
