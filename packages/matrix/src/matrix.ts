import { UserError } from '@deploy/cli';
import type { Display } from './display/display.ts';
import type { ResultsFolder } from './files/folder.ts';
import type { MatrixOutcome } from './outcome.ts';
import { overallOf, totalsOf } from './outcome.ts';
import type { MatrixPlan } from './plan.ts';
import { Interruption, runChecks } from './run.ts';

export type MatrixRun = { signal: AbortSignal; display: Display; folder: ResultsFolder };

/**
 * Runs a planned matrix and writes everything about it into its folder, each log as its check ends. When the signal is
 * aborted, what has ended by then counts, and the rest is skipped. Throws a UserError when something cannot be written.
 */
export async function runMatrix(
  { checks, environment }: MatrixPlan,
  { signal, display, folder }: MatrixRun,
): Promise<MatrixOutcome> {
  const startedAt = new Date().toISOString();
  const failing = new AbortController();
  try {
    const results = await runChecks(checks, {
      signal: AbortSignal.any([signal, failing.signal]),
      onStart: display.started,
      async onEnd(result, log) {
        await folder.writeLog(result.id, log);
        display.ended(result);
      },
    });
    const totals = totalsOf(results);
    const outcome: MatrixOutcome = {
      startedAt,
      endedAt: new Date().toISOString(),
      overall: overallOf(totals),
      totals,
      environment,
      checks: results,
    };
    await folder.writeOutcome(outcome);
    return outcome;
  } catch (error) {
    // What is still under way would end for nothing.
    failing.abort(new Interruption('the results cannot be written'));
    throw error;
  } finally {
    display.close();
  }
}

/** The failure that a failed run ends with, for stderr: which checks failed, and how many were not made. */
export function matrixFailure(
  { overall, checks }: MatrixOutcome,
  { summary }: Pick<ResultsFolder, 'summary'>,
): UserError | undefined {
  if (overall === 'passed') return undefined;
  const failed = checks.filter(({ required, status }) => required && status === 'failed').map(({ id }) => id);
  const skipped = checks.filter(({ required, status }) => required && status === 'skipped').length;
  const parts = [
    failed.length === 0 ? undefined : `failed: ${failed.join(', ')}`,
    skipped === 0 ? undefined : `${skipped} required ${skipped === 1 ? 'check' : 'checks'} skipped`,
  ];
  return new UserError(
    `the matrix has not passed (${parts.filter((part) => part !== undefined).join('; ')})`,
    {
      hint: `Why, and how to rerun each: ${summary}`,
    },
  );
}
