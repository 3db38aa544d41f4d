import {
  type Environment,
  grouped,
  type Output,
  redactGuess,
  secretsAmong,
  type TargetCheckout,
} from '@deploy/cli';
import { gateEnvironment } from './environment.ts';
import { fingerprintGates, idsOf } from './fingerprint.ts';
import { type Gate, type GateId, verificationGates, webShellBuild } from './gates.ts';
import { type GateContext, runCached, runUncached } from './one-gate.ts';
import { replayGates } from './replays.ts';
import type { GateResult, GateRun } from './result.ts';
import type { GateChoices } from './settings.ts';
import { isUnsigned } from './turbo.ts';

type GateRequest = {
  checkout: TargetCheckout;
  env: Environment;
  out: Output;
  /** Stops the gate that is running. */
  signal?: AbortSignal | undefined;
};

export type VerificationRequest = GateRequest & {
  choices: GateChoices;
  /** Stop at the first gate that fails, instead of running the others too. */
  stopAtFirst?: boolean;
};

const EVERYTHING_AFRESH: GateChoices = {
  selected: undefined,
  force: false,
  maxAgeMs: 0,
  passed: [],
  extraInputs: [],
};

/** Builds the web shell's `dist`, without a cache. */
export function runWebShellBuild(request: GateRequest): Promise<GateRun> {
  return runInTurn([webShellBuild], { ...request, choices: EVERYTHING_AFRESH }, false);
}

/** Runs the verification gates one after another, or reuses verdicts in turbo's cache that are still valid. */
export async function runGates(request: VerificationRequest): Promise<GateRun> {
  const { selected } = request.choices;
  const gates = verificationGates.filter(({ id }) => selected?.includes(id) ?? true);
  const leftOut = verificationGates.filter((gate) => !gates.includes(gate)).map(({ id }) => id);
  return { ...(await runInTurn(gates, request, true)), leftOut };
}

async function runInTurn(
  gates: readonly Gate[],
  request: VerificationRequest,
  cached: boolean,
): Promise<GateRun> {
  const { env, out, choices, checkout, signal, stopAtFirst = false } = request;
  const gateEnvOf = (gate: Gate) => gateEnvironment(env, gate, choices.passed);
  if (cached && isUnsigned(env)) {
    out.note('the shared cache of verdicts is not used: TURBO_REMOTE_CACHE_SIGNATURE_KEY is unset');
  }
  for (const value of secretsAmong(env)) redactGuess(value);
  let fingerprints: ReturnType<typeof fingerprintGates> | undefined;
  let replays: ReturnType<typeof replayGates> | undefined;
  const results = new Map<GateId, GateResult>();
  const context: GateContext = {
    ...request,
    gateEnvOf,
    async fingerprint(gate) {
      fingerprints ??= fingerprintGates(gates, { checkout, gateEnvOf, extraInputs: choices.extraInputs });
      return (await fingerprints).get(gate.id) ?? { unknown: 'it has no inputs' };
    },
    async replay(gate) {
      replays ??= replayAllThatAreLeft();
      return (await replays).get(gate.id);
    },
    stale: () => {
      fingerprints = undefined;
      replays = undefined;
    },
  };
  let complaint = '';
  for (const [i, gate] of gates.entries()) {
    const bad = [...results.values()].filter(({ state }) => state !== 'passed');
    if (bad.some((each) => stopAtFirst || gate.needs.includes(each.gate))) {
      results.set(gate.id, { gate: gate.id, state: 'not-run' });
      continue;
    }
    const ended = await grouped(request, cached ? `${gate.id}, ${i + 1} of ${gates.length}` : gate.id, () =>
      cached ? runCached(gate, context) : runUncached(gate, context, 'this run'),
    );
    results.set(gate.id, ended.result);
    complaint ||= ended.complaint;
  }
  return { results: [...results.values()], leftOut: [], complaint };
  async function replayAllThatAreLeft() {
    const left = gates.filter(({ id }) => !results.has(id));
    const known = await Promise.all(
      left.map(async (gate) => [gate.id, await context.fingerprint(gate)] as const),
    );
    const onWait = () => out.note('waiting for another run of gates in this project');
    return replayGates({ fingerprints: idsOf(known), env, signal }, onWait);
  }
}
