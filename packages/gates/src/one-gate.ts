import { hostname } from 'node:os';
import {
  cleanLine,
  type Environment,
  errorMessage,
  type Output,
  secretValues,
  startLiveLine,
  type TargetCheckout,
} from '@deploy/cli';
import { uncachedEnvironment } from './environment.ts';
import type { Fingerprint, FingerprintOrWhyNot } from './fingerprint.ts';
import type { GateLine } from './frame.ts';
import type { Gate } from './gates.ts';
import { aloneWithTurbosFiles } from './locks.ts';
import { type Remembered, remember } from './remembered.ts';
import type { Replay } from './replays.ts';
import type { GateResult } from './result.ts';
import { NOT_KEPT, openRunnerChannel, type RunnerReport } from './runner-channel.ts';
import type { GateChoices } from './settings.ts';
import { whyNotUsed } from './staleness.ts';
import { runTurbo, type TaskSummary } from './turbo.ts';

/** What a gate needs from its run. */
export type GateContext = {
  checkout: TargetCheckout;
  env: Environment;
  out: Output;
  choices: GateChoices;
  signal?: AbortSignal | undefined;
  gateEnvOf(gate: Gate): Record<string, string>;
  /** The gate's current fingerprint. */
  fingerprint(gate: Gate): Promise<FingerprintOrWhyNot>;
  /** The cached result for that fingerprint, if there is one. */
  replay(gate: Gate): Promise<Replay | undefined>;
  /**
   * Drops the fingerprints and cached results that were read so far. Call this after a gate has run: any input may have
   * changed meanwhile.
   */
  stale(): void;
};

/** How a gate ended, and turbo's own error message, if any. */
export type GateOutcome = { result: GateResult; complaint: string };

/** Takes a gate's verdict from the cache if it still holds; otherwise runs the gate. */
export async function runCached(gate: Gate, context: GateContext): Promise<GateOutcome> {
  const { out, choices, checkout, gateEnvOf } = context;
  const fingerprint = await context.fingerprint(gate);
  if ('unknown' in fingerprint) {
    return runUncached(gate, context, `this run, without a cache: ${cleanLine(fingerprint.unknown)}`);
  }
  const cached = choices.force ? undefined : await context.replay(gate);
  if (cached !== undefined) {
    const { record } = cached;
    const why = await whyNotUsed(record, {
      fingerprint: fingerprint.id,
      root: checkout.root,
      gateEnv: gateEnvOf(gate),
      maxAgeMs: choices.maxAgeMs,
    });
    if (record !== undefined && why === undefined) {
      await rememberIfPossible({ record, inputs: fingerprint.inputs }, context);
      return replayed(gate, context, { ...cached, record });
    }
    out.note(`${gate.id}: its cached verdict is not used: ${why}`);
  }
  return runAndKeep(gate, context, fingerprint);
}

/** Runs a gate without the cache: uses no cached verdict, and keeps none. */
export async function runUncached(gate: Gate, context: GateContext, source: string): Promise<GateOutcome> {
  const { task, complaint } = await run(gate, context);
  return ended(gate, task, { source, complaint });
}

function replayed(
  gate: Gate,
  { out }: GateContext,
  { record, from, lines }: Replay & Pick<Remembered, 'record'>,
): GateOutcome {
  const show = showing(out);
  for (const line of lines) if (line.stream !== 'note') show(line);
  const { establishedAt, where, commit, hadChanges, durationMs } = record;
  // The record may come from a shared cache, so its text is forced onto one line, whatever it holds.
  const source = cleanLine(
    `${from} cache; first established ${establishedAt} on ${where} ` +
      `at commit ${commit.slice(0, 12)}${hadChanges ? ' with changes' : ''}`,
  );
  out.note(`${gate.id}: passed, replayed from the ${source}`);
  return {
    result: { gate: gate.id, state: 'passed', durationMs, cache: 'hit', source },
    complaint: '',
  };
}

async function runAndKeep(gate: Gate, context: GateContext, fingerprint: Fingerprint): Promise<GateOutcome> {
  const { task, complaint, report } = await run(gate, context, fingerprint);
  if (task === undefined) {
    // Turbo runs nothing when it cannot open its cache, but the gate can run without one.
    context.out.note(`warning: turbo cannot use its cache, so nothing of ${gate.id} is kept (${complaint})`);
    return runUncached(gate, context, 'this run, without a cache');
  }
  if (report === undefined) {
    return ended(gate, task, { source: 'this run', complaint });
  }
  const { notKept, record } = report;
  if (notKept === undefined) {
    await rememberIfPossible({ record, inputs: fingerprint.inputs }, context);
    return ended(gate, task, { source: 'this run', complaint });
  }
  context.out.note(`${gate.id}: passed, but its verdict is not kept for later runs: ${notKept}`);
  // There is a report, so the exit code NOT_KEPT comes from the runner and means that the gate has passed. Without a
  // report, it could be the exit code of a gate that failed.
  const passed = task.exitCode === NOT_KEPT ? { ...task, exitCode: 0 } : task;
  return ended(gate, passed, { source: `this run, and not kept: ${notKept}`, complaint });
}

type Run = { task: TaskSummary | undefined; complaint: string; report: RunnerReport | undefined };

/** Runs a gate through turbo, which caches the result if a fingerprint is given. */
async function run(gate: Gate, context: GateContext, fingerprint?: Fingerprint): Promise<Run> {
  const { checkout, env, gateEnvOf, choices, out, signal } = context;
  await using channel = await openRunnerChannel(() => ({
    checkout,
    gateEnv: fingerprint === undefined ? uncachedEnvironment(env) : gateEnvOf(gate),
    extraInputs: choices.extraInputs,
    secrets: secretValues(),
    where: placeOf(env),
  }));
  const onWait = (): void => out.note(`${gate.id}: waiting for another run of gates in this project`);
  const work = async () => {
    const live = await startLiveLine(gate.id);
    return runTurbo({
      gates: [gate.id],
      cache: fingerprint === undefined ? 'none' : 'renew',
      fingerprints: new Map(fingerprint === undefined ? [] : [[gate.id, fingerprint.id]]),
      env,
      channel: channel.path,
      signal,
      onLine: showing(out),
    }).finally(live.stop);
  };
  // Nobody reads what turbo records about the build, so builds in different checkouts need not wait for each other.
  const { tasks, complaint } = await (gate.id === 'web-shell-build'
    ? work()
    : aloneWithTurbosFiles({ onWait, signal }, work));
  context.stale();
  return { task: tasks.get(gate.id), complaint, report: channel.report() };
}

function showing(out: Output): (line: GateLine) => void {
  return ({ stream, text }) => (stream === 'stdout' ? out.data(text) : out.verbatim(text));
}

// Only a task that turbo's summary shows with exit code 0 has passed: tasks that never started are not in the summary.
function ended(
  gate: Gate,
  task: TaskSummary | undefined,
  { source, complaint }: { source: string; complaint: string },
): GateOutcome {
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

/** Remembers a verdict. If that fails, only warns, because the verdict itself still counts. */
async function rememberIfPossible(verdict: Remembered, { env, out }: GateContext): Promise<void> {
  try {
    await remember(verdict, env);
  } catch (error) {
    const { gate } = verdict.record;
    const why = cleanLine(errorMessage(error), 200);
    out.note(
      `warning: gates.ts --explain will not know what has changed since this verdict of ${gate} (${why})`,
    );
  }
}

/** Where a verdict was established: the URL of the CI run or, outside CI, the machine's name. */
function placeOf({ GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID }: Environment): string {
  return GITHUB_RUN_ID === undefined
    ? hostname()
    : `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
}
