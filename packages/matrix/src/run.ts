import { inspect } from 'node:util';
import { durationText, errorMessage, redact, UserError } from '@deploy/cli';
import type { Check } from './check.ts';
import { type CheckLog, createCheckLog } from './log.ts';
import { type CheckId, type CheckResult, explanationOf, type Verdict } from './outcome.ts';

/** The reason to give to the abort controller of a run that is to be ended early. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
}

export type RunOptions = {
  /** Ends the run: what is under way or waiting is skipped, with the reason of the abort. */
  signal: AbortSignal;
  onStart(id: CheckId): void;
  /** As each check ends, in whatever order, with its log. */
  onEnd(result: CheckResult, log: string): Promise<void>;
};

/** Runs the checks: those that build one by one, all others at once beside them. Gives the results in the checks' order. */
export async function runChecks(checks: readonly Check[], options: RunOptions): Promise<CheckResult[]> {
  let builds: Promise<unknown> = Promise.resolve();
  const results = checks.map(async (check) => {
    let made: Promise<Made>;
    if ('skip' in check.plan || check.plan.lane === 'at-once') made = makeCheck(check, options);
    else {
      made = builds.then(() => makeCheck(check, options));
      // The next build does not wait for this one to be written down.
      builds = made;
    }
    const { result, log } = await made;
    await options.onEnd(result, log);
    return result;
  });
  return Promise.all(results);
}

type Made = { result: CheckResult; log: string };

async function makeCheck(check: Check, { signal, onStart }: RunOptions): Promise<Made> {
  const log = createCheckLog();
  const { id, required, description, plan } = check;
  const about = { id, required, description };
  log.line(`check: ${id} (${description})`);
  const end = (result: CheckResult): Made => {
    log.line(`${result.status}: ${explanationOf(result)}`);
    return { result, log: log.text() };
  };
  if ('skip' in plan) return end({ ...about, status: 'skipped', reason: plan.skip });
  if (signal.aborted) return end({ ...about, status: 'skipped', reason: errorMessage(signal.reason) });

  onStart(id);
  const startedAt = new Date();
  const startedAtMs = performance.now();
  const command = redact(plan.command);
  log.line(`command: ${command}`);
  log.line(`started: ${startedAt.toISOString()}\n`);
  let verdict: Verdict;
  try {
    verdict = await plan.work(log, signal);
  } catch (error) {
    if (error instanceof Interruption) return end({ ...about, status: 'skipped', reason: error.message });
    verdict = crashed(error, log);
  }
  const durationMs = Math.round(performance.now() - startedAtMs);
  log.line(`\ntook: ${durationText(durationMs)}`);
  return end({
    ...about,
    status: verdict.passed ? 'passed' : 'failed',
    conclusion: redact(verdict.conclusion),
    ...(verdict.figures && { figures: verdict.figures }),
    startedAt: startedAt.toISOString(),
    durationMs,
    command,
  });
}

/** A check that could not be made to its end. What it says for the operator is told plainly, a bug with its stack. */
function crashed(error: unknown, log: CheckLog): Verdict {
  const message = errorMessage(error);
  if (error instanceof UserError) {
    log.line(`error: ${message}`);
    if (error.hint !== undefined) log.line(error.hint);
    return { passed: false, conclusion: message };
  }
  log.line(`error: this check crashed: ${inspect(error)}`);
  return { passed: false, conclusion: `the check crashed: ${message}` };
}
