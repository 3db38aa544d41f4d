import { cleanLine, type Environment, type TargetCheckout } from '@deploy/cli';
import { gateEnvironment } from './environment.ts';
import { type FingerprintOrWhyNot, fingerprintGates, idsOf } from './fingerprint.ts';
import { type Gate, type GateId, verificationGates } from './gates.ts';
import { nearestRemembered } from './remembered.ts';
import type { GateChoices } from './settings.ts';
import { listed, whyNotUsed } from './staleness.ts';
import { askTurbo } from './turbo.ts';

/** Whether a gate's verdict would come from a cache, and why. */
export type Explanation = {
  gate: GateId;
  expect: 'hit' | 'miss';
  reason: string;
  /** On a miss, the inputs that differ from those of the most similar earlier verdict. */
  changed: readonly string[];
};

export type ExplainRequest = { checkout: TargetCheckout; env: Environment; choices: GateChoices };

/** Says for each selected gate what a run would find in the cache. Runs nothing. */
export async function explainGates({ checkout, env, choices }: ExplainRequest): Promise<Explanation[]> {
  const gates = verificationGates.filter(({ id }) => choices.selected?.includes(id) ?? true);
  const gateEnvOf = (gate: Gate) => gateEnvironment(env, gate, choices.passed);
  const found = await fingerprintGates(gates, { checkout, gateEnvOf, extraInputs: choices.extraInputs });
  const fingerprints = idsOf(found);
  const asked = choices.force ? undefined : askTurbo({ gates: [...fingerprints.keys()], fingerprints, env });
  return Promise.all(gates.map((gate) => explain(gate, found.get(gate.id))));

  async function explain(gate: Gate, fingerprint: FingerprintOrWhyNot | undefined): Promise<Explanation> {
    const miss = (reason: string, changed: readonly string[] = []): Explanation => ({
      gate: gate.id,
      expect: 'miss',
      reason,
      changed,
    });
    if (choices.force) return miss('GATES_FORCE=1 runs it even if its verdict is cached');
    if (fingerprint === undefined || 'unknown' in fingerprint) {
      return miss(`its verdict cannot be cached: ${cleanLine(fingerprint?.unknown ?? 'it has no inputs')}`);
    }
    const [places, nearest] = await Promise.all([asked, nearestRemembered(gate.id, fingerprint.inputs, env)]);
    const place = places?.get(gate.id);
    const record = nearest?.changed.length === 0 ? nearest.verdict.record : undefined;
    if (place !== undefined) {
      const { maxAgeMs } = choices;
      const why =
        record &&
        (await whyNotUsed(record, {
          fingerprint: fingerprint.id,
          root: checkout.root,
          gateEnv: gateEnvOf(gate),
          maxAgeMs,
        }));
      if (why !== undefined) return miss(`its cached verdict is not used: ${why}`);
      const established = record
        ? `, established ${record.establishedAt} on ${cleanLine(record.where, 200)}`
        : '; its age is checked when a run takes it from there';
      return {
        gate: gate.id,
        expect: 'hit',
        reason: `its verdict is in the ${place} cache${established}`,
        changed: [],
      };
    }
    if (nearest === undefined) return miss('this machine has no earlier verdict of it');
    const { verdict, changed } = nearest;
    if (changed.length === 0) return miss('its verdict is no longer in any cache');
    const { establishedAt, commit } = verdict.record;
    return miss(
      `changed since the verdict of ${establishedAt} at commit ${commit.slice(0, 12)}: ${listed(changed)}`,
      changed,
    );
  }
}
