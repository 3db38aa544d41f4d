import type { GateResult } from '@deploy/gates';
import type { GateEntry } from './schema.ts';

/** A gate's result, with what a cache knows of it where there is one. */
export type GateEvidence = GateResult & { cache?: 'hit' | 'miss'; source?: string };

export function gateEntries(results: readonly GateEvidence[]): GateEntry[] {
  return results.map((result) => ({
    gate: result.gate,
    verdict: result.state,
    ...(result.state === 'not-run' ? {} : { durationMs: result.durationMs }),
    ...(result.state === 'failed' ? { exitCode: result.exitCode } : {}),
    ...(result.cache === undefined ? {} : { cache: result.cache }),
    ...(result.source === undefined ? {} : { source: result.source }),
  }));
}
