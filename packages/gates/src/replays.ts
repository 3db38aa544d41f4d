import { forgetEvidence, type GateEvidence, readEvidence } from './evidence.ts';
import type { GateLine } from './frame.ts';
import type { GateId } from './gates.ts';
import { replayedLines, runTurbo, type TurboRequest } from './turbo.ts';
import { holdingTurbosFiles } from './turbos-files.ts';

/** A gate's result that turbo has brought back from a cache. */
export type Replay = {
  from: 'local' | 'remote';
  /** Undefined when it is missing or cannot be read. */
  evidence: GateEvidence | undefined;
  lines: readonly GateLine[];
};

/** Brings back, in one run of turbo, the results of those gates that are in a cache. Nothing is run. */
export async function replayGates(
  request: Pick<TurboRequest, 'fingerprints' | 'env'>,
  onWait: () => void,
): Promise<ReadonlyMap<GateId, Replay>> {
  const gates = [...request.fingerprints.keys()];
  if (gates.length === 0) return new Map();
  return holdingTurbosFiles(onWait, async () => {
    await Promise.all(gates.map(forgetEvidence));
    const { tasks } = await runTurbo({ ...request, gates, cache: 'replay' });
    const found = await Promise.all(
      gates.map(async (gate): Promise<[GateId, Replay][]> => {
        const from = tasks.get(gate)?.replayedFrom;
        if (from === undefined) return [];
        const [evidence, lines] = await Promise.all([readEvidence(gate), replayedLines(gate)]);
        return [[gate, { from, evidence, lines }]];
      }),
    );
    return new Map(found.flat());
  });
}
