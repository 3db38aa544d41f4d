import { inspect } from 'node:util';
import { boundedText, durationText, errorMessage, Interrupted, redact, UserError } from '@deploy/cli';
import type { CheckLog, MatrixCheck } from './check.ts';
import { type CheckId, explanationOf, type Judgement, type MatrixResult } from './outcome.ts';

/** In characters. Of a longer log, only the beginning and the end are kept. */
const LONGEST_LOG = 2 * 1024 * 1024;

export type RunOptions = {
  /** Ends the run: running and waiting checks are skipped, with the abort's reason. */
  signal: AbortSignal;
  onStart(id: CheckId): void;
  /** Called with the log as each check ends, in any order. */
  onEnd(result: MatrixResult, log: string): Promise<void>;
};

/** Runs all checks at once, except that builds wait for each other. Returns the results in the checks' order. */
export async function runChecks(
  checks: readonly MatrixCheck[],
  options: RunOptions,
): Promise<MatrixResult[]> {
  let builds: Promise<unknown> = Promise.resolve();
  const results = checks.map(async (check) => {
    let ran: Promise<Ran>;
    if ('skip' in check.plan || check.plan.lane === 'at-once') ran = runCheck(check, options);
    else {
      ran = builds.then(() => runCheck(check, options));
      // The next build waits until this one has run, but not until its log has been written.
      builds = ran;
    }
    const { result, log } = await ran;
    await options.onEnd(result, log);
    return result;
  });
  return Promise.all(results);
}

type Ran = { result: MatrixResult; log: string };

async function runCheck(check: MatrixCheck, { signal, onStart }: RunOptions): Promise<Ran> {
  const log = boundedText(LONGEST_LOG);
  const { id, required, description, plan } = check;
  const about = { id, required, description };
  log.line(`check: ${id} (${description})`);
  const end = (result: MatrixResult): Ran => {
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
  let verdict: Judgement;
  try {
    verdict = await plan.work(log, signal);
  } catch (error) {
    if (error instanceof Interrupted) return end({ ...about, status: 'skipped', reason: error.message });
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

/** A check that threw. A UserError is logged as its message and hint; anything else is a bug, logged with its stack. */
function crashed(error: unknown, log: CheckLog): Judgement {
  const message = errorMessage(error);
  if (error instanceof UserError) {
    log.line(`error: ${message}`);
    if (error.hint !== undefined) log.line(error.hint);
    return { passed: false, conclusion: message };
  }
  log.line(`error: this check crashed: ${inspect(error)}`);
  return { passed: false, conclusion: `the check crashed: ${message}` };
}
