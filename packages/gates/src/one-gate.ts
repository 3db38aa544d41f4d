import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type Environment,
  type Output,
  projectRoot,
  startLiveLine,
  type TargetCheckout,
  withFileLock,
} from '@deploy/cli';
import { uncachedEnvironment } from './environment.ts';
import { forgetEvidence, type GateEvidence, readEvidence } from './evidence.ts';
import type { Fingerprint, FingerprintOrWhyNot } from './fingerprint.ts';
import type { Gate } from './gates.ts';
import { differences, remember } from './remembered.ts';
import type { GateResult } from './result.ts';
import type { GateChoices } from './settings.ts';
import { listed, whyNotUsed } from './staleness.ts';
import { type CacheMode, replayedLines, runTurbo, type TurboRun } from './turbo.ts';

/** What a gate needs of the run that it is part of. */
export type GateContext = {
  checkout: TargetCheckout;
  env: Environment;
  out: Output;
  choices: GateChoices;
  gateEnvOf(gate: Gate): Record<string, string>;
  /** Where a gate's runner asks what to redact. */
  secretsPath: string;
  /** What the cache is to be asked for now. */
  fingerprint(gate: Gate): Promise<FingerprintOrWhyNot>;
  /** To be called when a gate has run: meanwhile anything may have changed. */
  stale(): void;
};

const LOCK = join(projectRoot, '.turbo/gates.lock');

export type Ended = { result: GateResult; complaint: string };

/** Takes a gate's verdict from the cache where it still holds, and runs the gate where it does not. */
export async function runCached(gate: Gate, context: GateContext): Promise<Ended> {
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
async function useOrRenew(gate: Gate, context: GateContext, print: Fingerprint): Promise<Ended> {
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

/** Runs a gate, whatever is cached; nothing of it is kept. */
export async function runUncached(gate: Gate, context: GateContext, source: string): Promise<Ended> {
  const turbo = await turboRun(gate, context, 'none');
  context.stale();
  return ended(gate, turbo, source);
}

async function replay(
  gate: Gate,
  { out }: GateContext,
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
async function fresh(gate: Gate, context: GateContext, print: Fingerprint, turbo: TurboRun): Promise<Ended> {
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
  { checkout, env, gateEnvOf, secretsPath, out }: GateContext,
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
