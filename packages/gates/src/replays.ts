import type { GateLine } from './frame.ts';
import type { GateId } from './gates.ts';
import { aloneWithTurbosFiles } from './locks.ts';
import { forgetPassRecord, type PassRecord, readPassRecord } from './pass-record.ts';
import { replayedLines, runTurbo, type TurboRequest } from './turbo.ts';

/** A gate's result that turbo restored from a cache. */
export type Replay = {
  from: 'local' | 'remote';
  /** Undefined when the record is missing or unreadable. */
  record: PassRecord | undefined;
  lines: readonly GateLine[];
};

/** Restores all results that are in a cache, in one run of turbo. Runs no gate. */
export async function replayGates(
  request: Pick<TurboRequest, 'fingerprints' | 'env' | 'signal'>,
  onWait: () => void,
): Promise<ReadonlyMap<GateId, Replay>> {
  const gates = [...request.fingerprints.keys()];
  if (gates.length === 0) return new Map();
  return aloneWithTurbosFiles({ onWait, signal: request.signal }, async () => {
    await Promise.all(gates.map(forgetPassRecord));
    const { tasks } = await runTurbo({ ...request, gates, cache: 'replay' });
    const found = await Promise.all(
      gates.map(async (gate): Promise<[GateId, Replay][]> => {
        const from = tasks.get(gate)?.replayedFrom;
        if (from === undefined) return [];
        const [record, lines] = await Promise.all([readPassRecord(gate), replayedLines(gate)]);
        return [[gate, { from, record, lines }]];
      }),
    );
    return new Map(found.flat());
  });
}
