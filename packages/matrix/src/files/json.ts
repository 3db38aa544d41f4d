import type { CheckResult, MatrixOutcome } from '../outcome.ts';
import { logFile } from './tsv.ts';

/** What `results.json` holds. Durations are in milliseconds, times are RFC 3339. */
export type ResultsFile = Omit<MatrixOutcome, 'checks'> & {
  version: 1;
  /** `log` is relative to the file. */
  checks: readonly (CheckResult & { log: string })[];
};

export function resultsJson(outcome: MatrixOutcome): string {
  const file: ResultsFile = {
    version: 1,
    ...outcome,
    checks: outcome.checks.map((check) => ({ ...check, log: logFile(check.id) })),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}
