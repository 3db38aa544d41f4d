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
import { NOT_KEPT } from './exit-codes.ts';
import type { Fingerprint, FingerprintOrWhyNot } from './fingerprint.ts';
import type { GateLine } from './frame.ts';
import type { Gate } from './gates.ts';
import { type Remembered, remember } from './remembered.ts';
import type { Replay } from './replays.ts';
import type { GateResult } from './result.ts';
import { openRunnerChannel, type RunnerReport } from './runner-channel.ts';
import type { GateChoices } from './settings.ts';
import { whyNotUsed } from './staleness.ts';
import { runTurbo, type TaskSummary } from './turbo.ts';
import { holdingTurbosFiles } from './turbos-files.ts';

/** What a gate needs of the run that it is part of. */
export type GateContext = {
  checkout: TargetCheckout;
  env: Environment;
  out: Output;
  choices: GateChoices;
  gateEnvOf(gate: Gate): Record<string, string>;
  /** What the cache is to be asked for now. */
  fingerprint(gate: Gate): Promise<FingerprintOrWhyNot>;
  /** What turbo has cached for that fingerprint, if anything. */
  replay(gate: Gate): Promise<Replay | undefined>;
  /** To be called when a gate has run: meanwhile anything may have changed. */
  stale(): void;
};

export type Ended = { result: GateResult; complaint: string };

/** Takes a gate's verdict from the cache where it still holds, and runs the gate where it does not. */
export async function runCached(gate: Gate, context: GateContext): Promise<Ended> {
  const { out, choices, checkout, gateEnvOf } = context;
  const print = await context.fingerprint(gate);
  if ('unknown' in print) {
    return runUncached(gate, context, `this run, without a cache: ${cleanLine(print.unknown)}`);
  }
  const cached = choices.force ? undefined : await context.replay(gate);
  if (cached !== undefined) {
    const { evidence } = cached;
    const why = await whyNotUsed(evidence, {
      fingerprint: print.id,
      root: checkout.root,
      gateEnv: gateEnvOf(gate),
      maxAgeMs: choices.maxAgeMs,
    });
    if (evidence !== undefined && why === undefined) {
      await rememberIfPossible({ evidence, inputs: print.inputs }, context);
      return replayed(gate, context, { ...cached, evidence });
    }
    out.note(`${gate.id}: its cached verdict is not used: ${why}`);
  }
  return runAndKeep(gate, context, print);
}

/** Runs a gate, whatever is cached; nothing of it is kept. */
export async function runUncached(gate: Gate, context: GateContext, source: string): Promise<Ended> {
  const { task, complaint } = await run(gate, context);
  return ended(gate, task, { source, complaint });
}

function replayed(
  gate: Gate,
  { out }: GateContext,
  { evidence, from, lines }: Replay & Pick<Remembered, 'evidence'>,
): Ended {
  const show = showing(out);
  for (const line of lines) if (line.stream !== 'note') show(line);
  const { establishedAt, where, commit, hadChanges, durationMs } = evidence;
  // It may come from a shared cache: whatever it holds stays on one line.
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

async function runAndKeep(gate: Gate, context: GateContext, print: Fingerprint): Promise<Ended> {
  const { task, complaint, report } = await run(gate, context, print);
  if (task === undefined) {
    // Turbo starts nothing when it cannot open its cache. A gate does not need one.
    context.out.note(`warning: turbo cannot use its cache, so nothing of ${gate.id} is kept (${complaint})`);
    return runUncached(gate, context, 'this run, without a cache');
  }
  if (report === undefined) {
    return ended(gate, task, { source: 'this run', complaint });
  }
  const { notKept, evidence } = report;
  if (notKept === undefined) {
    await rememberIfPossible({ evidence, inputs: print.inputs }, context);
    return ended(gate, task, { source: 'this run', complaint });
  }
  context.out.note(`${gate.id}: passed, but its verdict is not kept for another time; ${notKept}`);
  // Only the runner's own way to say so is no failure.
  const passed = task.exitCode === NOT_KEPT ? { ...task, exitCode: 0 } : task;
  return ended(gate, passed, { source: `this run, and not kept: ${notKept}`, complaint });
}

type Run = { task: TaskSummary | undefined; complaint: string; report: RunnerReport | undefined };

/** Runs a gate through turbo, which caches it when a fingerprint is given. */
async function run(gate: Gate, context: GateContext, print?: Fingerprint): Promise<Run> {
  const { checkout, env, gateEnvOf, choices, out } = context;
  await using channel = await openRunnerChannel(() => ({
    checkout,
    gateEnv: print === undefined ? uncachedEnvironment(env) : gateEnvOf(gate),
    extraInputs: choices.extraInputs,
    secrets: secretValues(),
    where: placeOf(env),
  }));
  const onWait = (): void => out.note(`${gate.id}: waiting for another run of gates from here`);
  const work = async () => {
    const live = await startLiveLine(gate.id);
    return runTurbo({
      gates: [gate.id],
      cache: print === undefined ? 'none' : 'renew',
      fingerprints: new Map(print === undefined ? [] : [[gate.id, print.id]]),
      env,
      channel: channel.path,
      onLine: showing(out),
    }).finally(live.stop);
  };
  // Nobody reads what turbo keeps of the build, so builds in different checkouts need not wait for each other.
  const { tasks, complaint } = await (gate.id === 'web-shell-build'
    ? work()
    : holdingTurbosFiles(onWait, work));
  context.stale();
  return { task: tasks.get(gate.id), complaint, report: channel.report() };
}

function showing(out: Output): (line: GateLine) => void {
  return ({ stream, text }) => (stream === 'stdout' ? out.data(text) : out.note(text));
}

// Passed is only what turbo says it ran to its good end: what never started is missing from its summary.
function ended(
  gate: Gate,
  task: TaskSummary | undefined,
  { source, complaint }: { source: string; complaint: string },
): Ended {
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

/** A verdict that cannot be remembered here is no less a verdict. */
async function rememberIfPossible(verdict: Remembered, { env, out }: GateContext): Promise<void> {
  try {
    await remember(verdict, env);
  } catch (error) {
    const { gate } = verdict.evidence;
    const why = cleanLine(errorMessage(error), 200);
    out.note(
      `warning: gates.ts --explain will not know what has changed since this verdict of ${gate} (${why})`,
    );
  }
}

/** The run in CI where there is one, else the machine's name. */
function placeOf({ GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID }: Environment): string {
  return GITHUB_RUN_ID === undefined
    ? hostname()
    : `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
}
