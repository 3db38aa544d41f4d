import { UserError } from '@deploy/cli';
import type { Display } from './display.ts';
import type { ResultsFolder } from './files/folder.ts';
import { type CheckId, checkIds, type MatrixOutcome, overallOf, totalsOf } from './outcome.ts';
import type { MatrixPlan } from './plan.ts';
import { runChecks } from './run.ts';

export type MatrixRun = { signal: AbortSignal; display: Display; folder: ResultsFolder };

/**
 * Runs a planned matrix and writes its results into the folder. When the signal aborts, the results so far count and
 * the remaining checks are skipped. If a file cannot be written, this throws a UserError, but only after all checks
 * have run and everything else has been shown and written.
 */
export async function runMatrix(
  { checks, environment }: MatrixPlan,
  { signal, display, folder }: MatrixRun,
): Promise<MatrixOutcome> {
  const startedAt = new Date().toISOString();
  const startedAtMs = performance.now();
  const logs = new Map<CheckId, string>();
  try {
    const results = await runChecks(checks, {
      signal,
      onStart: display.started,
      async onEnd(result, log) {
        logs.set(result.id, log);
        // Written now so that people can follow the run. A log that cannot be written now is written at the end.
        await folder.writeLog(result.id, log).catch(() => {});
        display.ended(result);
      },
    });
    const totals = totalsOf(results);
    const outcome: MatrixOutcome = {
      startedAt,
      endedAt: new Date().toISOString(),
      durationMs: Math.round(performance.now() - startedAtMs),
      overall: overallOf(totals),
      totals,
      environment,
      checks: results,
    };
    await folder.writeOutcome(outcome);
    // A command of the checkout may have removed logs while cleaning up. Those are written again.
    for (const [id, log] of logs) if (!(await folder.hasLog(id))) await folder.writeLog(id, log);
    return outcome;
  } finally {
    display.close();
  }
}

/**
 * The failure of a run, for stderr: which checks failed, and how many were skipped. If MATRIX_ONLY is set, only the
 * checks that it names (`named`) count; otherwise, all required checks do. Undefined if all of these passed.
 */
export function matrixFailure(
  { checks }: Pick<MatrixOutcome, 'checks'>,
  { summary }: Pick<ResultsFolder, 'summary'>,
  { named, rerun }: { named: ReadonlySet<CheckId>; rerun?(failed: readonly CheckId[]): string },
): UserError | undefined {
  const deciding = checks.filter(({ id, required }) =>
    named.size < checkIds.length ? named.has(id) : required,
  );
  const failed = deciding.filter(({ status }) => status === 'failed').map(({ id }) => id);
  const skipped = deciding.filter(({ status }) => status === 'skipped').length;
  if (failed.length + skipped === 0) return undefined;
  const parts = [
    failed.length === 0 ? undefined : `failed: ${failed.join(', ')}`,
    skipped === 0 ? undefined : `${skipped} required ${skipped === 1 ? 'check' : 'checks'} skipped`,
  ];
  return new UserError(
    `the matrix has not passed (${parts.filter((part) => part !== undefined).join('; ')})`,
    {
      hint: `Why, and how to rerun each: ${summary}${failed.length > 0 && rerun ? `\nnext, to run what failed again:\n  ${rerun(failed)}` : ''}`,
    },
  );
}
