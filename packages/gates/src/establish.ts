import { realpath } from 'node:fs/promises';
import { cleanLine, errorMessage } from '@deploy/cli';
import { type FingerprintOrWhyNot, fingerprintGates, touchedBetween } from './fingerprint.ts';
import { InputsUnknown, inputNames } from './fingerprint-inputs.ts';
import type { Gate } from './gates.ts';
import { type AlsoRead, readElsewhere } from './inputs/dep-info.ts';
import { gitIn, hasChanges } from './inputs/git.ts';
import { type PassRecord, writePassRecord } from './pass-record.ts';
import type { RunnerOrder, RunnerReport } from './runner-channel.ts';
import { listed } from './staleness.ts';

export type EstablishRequest = {
  gate: Gate;
  order: RunnerOrder;
  /** The fingerprint that the script computed for the gate. */
  fingerprint: string;
};

/** A gate whose inputs have been recorded and that is about to run. */
export type Establishing = {
  /**
   * Call this when the gate has passed: it writes the gate's record. `notKept` is the caller's own reason not to keep
   * the verdict, if there is one.
   */
  passed(notKept: string | undefined): Promise<RunnerReport>;
};

const TOOL_NAME = /^(?:cargo|node|python3|jq|wasm-pack)$/;

/**
 * Takes a gate's fingerprint before it runs, so that `passed` can tell whether an input changed meanwhile, even if the
 * change was undone.
 */
export async function establish({ gate, order, fingerprint }: EstablishRequest): Promise<Establishing> {
  const { checkout, gateEnv, extraInputs, where } = order;
  const look = async (): Promise<FingerprintOrWhyNot> =>
    (await fingerprintGates([gate], { checkout, gateEnvOf: () => gateEnv, extraInputs })).get(gate.id) ?? {
      unknown: 'it has no inputs',
    };
  const startedAt = performance.now();
  const before = await look();
  return {
    async passed(givenReason) {
      const durationMs = Math.round(performance.now() - startedAt);
      const after = await look();
      const [commit, alsoRead] = await Promise.all([commitOf(order), alsoReadBy(gate, after, order)]);
      let notKept = givenReason ?? changesBetween(before, after, fingerprint);
      if (commit === undefined) notKept ??= 'git cannot tell which commit the checkout is at';
      if (alsoRead === undefined) notKept ??= 'cargo has left no notes of what it read';
      const record: PassRecord = {
        gate: gate.id as PassRecord['gate'],
        verdict: 'passed',
        fingerprint,
        commit: commit?.id ?? '',
        hadChanges: commit?.hadChanges ?? true,
        establishedAt: new Date().toISOString(),
        durationMs,
        where,
        tools: toolsOf(after),
        alsoRead: alsoRead ?? {},
        kept: notKept === undefined,
      };
      try {
        await writePassRecord(record);
      } catch (error) {
        notKept ??= `its record cannot be written: ${cleanLine(errorMessage(error), 200)}`;
      }
      return { record: { ...record, kept: notKept === undefined }, notKept };
    },
  };
}

function changesBetween(
  before: FingerprintOrWhyNot,
  after: FingerprintOrWhyNot,
  fingerprint: string,
): string | undefined {
  if ('unknown' in before) return before.unknown;
  if ('unknown' in after) return after.unknown;
  if (before.id !== fingerprint) return 'something changed just before it ran';
  const touched = touchedBetween(before, after);
  return touched.length === 0 ? undefined : `something changed while it ran: ${listed(touched)}`;
}

async function commitOf({
  checkout,
  gateEnv,
}: RunnerOrder): Promise<{ id: string; hadChanges: boolean } | undefined> {
  const git = gitIn(checkout.root, gateEnv);
  try {
    const [id, changed] = await Promise.all([git('rev-parse', 'HEAD'), hasChanges(git, checkout)]);
    return { id: id.trim(), hadChanges: changed };
  } catch (error) {
    if (error instanceof InputsUnknown) return undefined;
    throw error;
  }
}

function toolsOf(fingerprint: FingerprintOrWhyNot): Record<string, string> {
  if ('unknown' in fingerprint) return {};
  return Object.fromEntries([...fingerprint.inputs.tools].filter(([name]) => TOOL_NAME.test(name)));
}

/**
 * What the build read beyond the inputs that the fingerprint covers; undefined when a cargo gate left no record of its
 * reads.
 */
async function alsoReadBy(
  gate: Gate,
  fingerprint: FingerprintOrWhyNot,
  { checkout, gateEnv }: RunnerOrder,
): Promise<AlsoRead | undefined> {
  if ('unknown' in fingerprint) return {};
  const root = await realpath(checkout.root);
  const isCovered = (name: string): boolean => inputNames.has(fingerprint.inputs, name);
  const seen = await Promise.all(
    fingerprint.crates.map((crates) => readElsewhere({ root, crates, gateEnv, isCovered })),
  );
  if (!gate.isScript && seen.includes(undefined)) return undefined;
  return Object.assign({}, ...seen);
}
