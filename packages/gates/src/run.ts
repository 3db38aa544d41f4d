import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type Environment,
  grouped,
  type Output,
  projectRoot,
  secretValues,
  startLiveLine,
  type TargetCheckout,
  UserError,
  withFileLock,
} from '@deploy/cli';
import { gateEnvironment, isSecretName, uncachedEnvironment } from './environment.ts';
import { forgetEvidence, type GateEvidence, readEvidence } from './evidence.ts';
import { type Fingerprint, type FingerprintOrWhyNot, fingerprintGates } from './fingerprint.ts';
import { type Gate, type GateId, verificationGates, webShellBuildTasks } from './gates.ts';
import { differences, remember } from './remembered.ts';
import { offerSecrets } from './secrets-channel.ts';
import type { GateChoices } from './settings.ts';
import { listed, whyNotUsed } from './staleness.ts';
import { type CacheMode, isUnsigned, replayedLines, runTurbo, type TurboRun } from './turbo.ts';

/** How a gate ended. One that a failure before it kept from starting has not passed either. */
export type GateResult =
  | { gate: GateId; state: 'passed'; durationMs: number; cache: 'hit' | 'miss'; source: string }
  | { gate: GateId; state: 'failed'; durationMs: number; exitCode: number }
  | { gate: GateId; state: 'not-run' };

export type GateRun = {
  results: readonly GateResult[];
  /** Gates that nobody asked for: then the run is no full verification. */
  leftOut: readonly GateId[];
  /** What turbo itself had to say, for a run in which no gate failed but not all passed. */
  complaint: string;
};

export type GateRequest = { checkout: TargetCheckout; env: Environment; out: Output };

export type VerificationRequest = GateRequest & {
  choices: GateChoices;
  /** Ends with the first gate that fails, instead of showing all that is wrong. */
  stopAtFirst?: boolean;
};

const EVERYTHING_AFRESH: GateChoices = { selected: undefined, force: false, maxAgeMs: 0, passed: [] };
const LOCK = join(projectRoot, '.turbo/gates.lock');

/** Builds the web shell's `dist`, always. */
export function runWebShellBuild(request: GateRequest): Promise<GateRun> {
  return runInTurn(webShellBuildTasks, { ...request, choices: EVERYTHING_AFRESH }, false);
}

/** Runs verification gates, one after another, or takes their verdicts from turbo's cache where they still hold. */
export async function runGates(request: VerificationRequest): Promise<GateRun> {
  const { selected } = request.choices;
  const gates = verificationGates.filter(({ id }) => selected?.includes(id) ?? true);
  const leftOut = verificationGates.filter((gate) => !gates.includes(gate)).map(({ id }) => id);
  return { ...(await runInTurn(gates, request, true)), leftOut };
}

/** Throws a UserError with the first failed gate's own exit code unless every gate has passed. */
export function requirePassed({ results, complaint }: GateRun, hint = 'Nothing was deployed.'): void {
  const failed = results.filter((result) => result.state === 'failed');
  const [first] = failed;
  const notRun = results.flatMap(({ gate, state }) => (state === 'not-run' ? [gate] : []));
  const alsoNotRun = notRun.length === 0 ? '' : ` Not run: ${notRun.join(', ')}.`;
  if (first !== undefined) {
    const what = failed.map(({ gate, exitCode }) => `${gate} failed with exit code ${exitCode}`).join(', ');
    throw new UserError(what, {
      hint: `Its output above tells why. ${hint}${alsoNotRun}`,
      exitCode: first.exitCode,
    });
  }
  if (notRun.length > 0) {
    throw new UserError(`turbo did not run ${notRun.join(', ')}: ${complaint || 'it gave no reason'}`, {
      hint: `${hint} Try: pnpm install, then again.`,
    });
  }
}

type Context = VerificationRequest & {
  gateEnvOf(gate: Gate): Record<string, string>;
  secretsPath: string;
  /** What the cache is asked for now; undefined where nothing is to be cached. */
  fingerprint(gate: Gate): Promise<FingerprintOrWhyNot>;
  /** To be called when a gate has run: meanwhile anything may have changed. */
  stale(): void;
};

async function runInTurn(
  gates: readonly Gate[],
  request: VerificationRequest,
  cached: boolean,
): Promise<GateRun> {
  const { env, out, choices, checkout, stopAtFirst = false } = request;
  const gateEnvOf = (gate: Gate) => gateEnvironment(env, gate, choices.passed);
  if (cached && isUnsigned(env)) {
    out.note('the shared cache of verdicts is not used: TURBO_REMOTE_CACHE_SIGNATURE_KEY is unset');
  }
  await using secrets = await offerSecrets(() => [...secretValues(), ...secretsIn(env)]);
  let prints: ReturnType<typeof fingerprintGates> | undefined;
  const context: Context = {
    ...request,
    gateEnvOf,
    secretsPath: secrets.path,
    async fingerprint(gate) {
      prints ??= fingerprintGates(gates, { checkout, gateEnvOf });
      return (await prints).get(gate.id) ?? { unknown: 'it has no inputs' };
    },
    stale: () => {
      prints = undefined;
    },
  };
  const results = new Map<GateId, GateResult>();
  let complaint = '';
  for (const gate of gates) {
    const bad = [...results.values()].filter(({ state }) => state !== 'passed');
    if (bad.some((each) => stopAtFirst || gate.needs.includes(each.gate))) {
      results.set(gate.id, { gate: gate.id, state: 'not-run' });
      continue;
    }
    const ended = await grouped(request, gate.id, () =>
      cached ? runCached(gate, context) : runUncached(gate, context, 'this run'),
    );
    results.set(gate.id, ended.result);
    complaint ||= ended.complaint;
  }
  return { results: [...results.values()], leftOut: [], complaint };
}

type Ended = { result: GateResult; complaint: string };

async function runCached(gate: Gate, context: Context): Promise<Ended> {
  const { out } = context;
  const print = await context.fingerprint(gate);
  if ('unknown' in print) {
    return runUncached(gate, context, `this run, without a cache: ${print.unknown}`);
  }
  await mkdir(dirname(LOCK), { recursive: true });
  const onWait = (): void => out.note(`${gate.id}: waiting for another run of gates from here`);
  return withFileLock(LOCK, { onWait }, () => useOrRenew(gate, context, print));
}

/** Turbo keeps a task's log and evidence in one place of this project, which is ours until they have been read. */
async function useOrRenew(gate: Gate, context: Context, print: Fingerprint): Promise<Ended> {
  const { out, choices, checkout, gateEnvOf } = context;
  if (!choices.force) {
    const turbo = await turboRun(gate, context, 'use', print.id);
    const { task } = turbo;
    if (task?.replayedFrom === undefined) return fresh(gate, context, print, turbo);
    const evidence = await readEvidence(gate.id);
    const { maxAgeMs } = choices;
    const why = await whyNotUsed(evidence, {
      fingerprint: print.id,
      root: checkout.root,
      gateEnv: gateEnvOf(gate),
      maxAgeMs,
    });
    if (evidence !== undefined && why === undefined) {
      await remember({ evidence, inputs: print.inputs }, context.env);
      return replay(gate, context, evidence, task.replayedFrom);
    }
    out.note(`${gate.id}: its cached verdict is not used: ${why}`);
  }
  return fresh(gate, context, print, await turboRun(gate, context, 'renew', print.id));
}

async function runUncached(gate: Gate, context: Context, source: string): Promise<Ended> {
  const turbo = await turboRun(gate, context, 'none');
  context.stale();
  return ended(gate, turbo, source);
}

async function replay(
  gate: Gate,
  { out }: Context,
  evidence: GateEvidence,
  from: 'local' | 'remote',
): Promise<Ended> {
  for (const { stream, text } of await replayedLines(gate.id)) {
    if (stream === 'stdout') out.data(text);
    else out.note(text);
  }
  const { establishedAt, where, commit, hadChanges, durationMs } = evidence;
  const source =
    `${from} cache; first established ${establishedAt} on ${where} ` +
    `at commit ${commit.slice(0, 12)}${hadChanges ? ' with changes' : ''}`;
  out.note(`${gate.id}: passed, replayed from the ${source}`);
  return {
    result: { gate: gate.id, state: 'passed', durationMs, cache: 'hit', source },
    complaint: '',
  };
}

/** How a gate that has really run ended, whatever turbo made of it. */
async function fresh(gate: Gate, context: Context, print: Fingerprint, turbo: TurboRun): Promise<Ended> {
  context.stale();
  const evidence = await readEvidence(gate.id);
  const isOurs = evidence?.fingerprint === print.id;
  if (!isOurs || turbo.task === undefined) return ended(gate, turbo, 'this run');
  if (evidence.kept) {
    await remember({ evidence, inputs: print.inputs }, context.env);
    return ended(gate, turbo, 'this run');
  }
  const now = await context.fingerprint(gate);
  const changed = 'unknown' in now ? [now.unknown] : differences(print.inputs, now.inputs);
  const why = `changed while it ran: ${listed(changed)}`;
  context.out.note(`${gate.id}: passed, but its verdict is not kept for another time; ${why}`);
  const task = { ...turbo.task, exitCode: 0 };
  return ended(gate, { ...turbo, task }, `this run, in which something ${why}`);
}

// Passed is only what turbo says it ran to its good end: what never started is missing from its summary.
function ended(gate: Gate, { task, complaint }: TurboRun, source: string): Ended {
  const id = gate.id;
  if (task === undefined) return { result: { gate: id, state: 'not-run' }, complaint };
  const { exitCode, durationMs } = task;
  return {
    complaint,
    result:
      exitCode === 0
        ? { gate: id, state: 'passed', durationMs, cache: 'miss', source }
        : { gate: id, state: 'failed', durationMs, exitCode },
  };
}

async function turboRun(
  gate: Gate,
  { checkout, env, gateEnvOf, secretsPath, out }: Context,
  cache: CacheMode,
  fingerprint = '',
): Promise<TurboRun> {
  if (cache !== 'none') await forgetEvidence(gate.id);
  const live = await startLiveLine(gate.id);
  return runTurbo({
    gate: gate.id,
    cache,
    fingerprint,
    checkout,
    env,
    gateEnv: cache === 'none' ? uncachedEnvironment(env) : gateEnvOf(gate),
    secretsPath,
    onLine: ({ stream, text }) => (stream === 'stdout' ? out.data(text) : out.note(text)),
  }).finally(live.stop);
}

function secretsIn(env: Environment): string[] {
  return Object.entries(env).flatMap(([name, value]) => (value && isSecretName(name) ? [value] : []));
}
