import { realpath } from 'node:fs/promises';
import { cleanLine } from '@deploy/cli';
import { changedSince } from './inputs/dep-info.ts';
import type { PassRecord } from './pass-record.ts';

export type StalenessRequest = {
  /** The checkout's current fingerprint. */
  fingerprint: string;
  root: string;
  gateEnv: Readonly<Record<string, string>>;
  maxAgeMs: number;
};

const CLOCKS_DIFFER_MS = 5 * 60 * 1000;

/** Why a cached verdict must not be used; undefined when it still holds. */
export async function whyNotUsed(
  record: PassRecord | undefined,
  { fingerprint, root, gateEnv, maxAgeMs }: StalenessRequest,
): Promise<string | undefined> {
  if (record === undefined) return 'its record is missing, or cannot be read';
  if (record.fingerprint !== fingerprint) return 'its record is for other inputs';
  // Turbo never restores a record of a verdict that was not kept. But a runner that outlived its script may have
  // written one over the record that turbo restored.
  if (!record.kept) return 'something changed while it was established';
  const ageMs = Date.now() - Date.parse(record.establishedAt);
  if (ageMs >= maxAgeMs) return `it dates from ${record.establishedAt}, older than GATES_MAX_AGE allows`;
  if (ageMs < -CLOCKS_DIFFER_MS) return `it is dated in the future, ${record.establishedAt}`;
  const changed = changedSince(record.alsoRead, await realpath(root), gateEnv);
  return changed.length === 0
    ? undefined
    : `something that the build reads outside its crates has changed: ${listed(changed)}`;
}

/**
 * At most five names, on one line, and how many more there are. The names are cleaned, because a file name may hold any
 * character.
 */
export function listed(names: readonly string[]): string {
  const shown = names
    .slice(0, 5)
    .map((name) => cleanLine(name, 200))
    .join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
