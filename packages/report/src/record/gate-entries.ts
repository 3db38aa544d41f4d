import type { GateResult } from '@deploy/gates';
import type { GateEntry } from './schema.ts';

export function gateEntries(results: readonly GateResult[]): GateEntry[] {
  return results.map((result) => ({
    gate: result.gate,
    verdict: result.state,
    ...(result.state === 'not-run' ? {} : { durationMs: result.durationMs }),
    ...(result.state === 'failed' ? { exitCode: result.exitCode } : {}),
    ...(result.state === 'passed' ? { cache: result.cache, source: result.source } : {}),
  }));
}
