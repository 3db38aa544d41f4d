import { join } from 'node:path';
import { cleanLine } from '@deploy/cli';
import { type MatrixOutcome, type MatrixResult, requiredWord } from '../outcome.ts';

/** What `results.json` holds. Durations are in milliseconds, times are RFC 3339. */
export type ResultsFile = Omit<MatrixOutcome, 'checks'> & {
  version: 1;
  /** `log` is the path of the check's log, relative to `results.json`. */
  checks: readonly (MatrixResult & { log: string })[];
};

export function resultsJson(outcome: MatrixOutcome): string {
  const file: ResultsFile = {
    version: 1,
    ...outcome,
    checks: outcome.checks.map((check) => ({ ...check, log: logFile(check.id) })),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

const HEADER = ['check_id', 'required', 'status', 'description', 'log_path', 'command'];

/** `results.tsv`: a row for each check. The last field is the command that reruns it, or why it was skipped. */
export function resultsTsv({ checks }: MatrixOutcome, folder: string): string {
  const rows = checks.map((check) => [
    check.id,
    requiredWord(check.required),
    check.status,
    check.description,
    join(folder, logFile(check.id)),
    check.status === 'skipped' ? check.reason : check.command,
  ]);
  return [HEADER, ...rows].map((fields) => `${fields.map(asField).join('\t')}\n`).join('');
}

export function logFile(id: string): string {
  return `logs/${id}.log`;
}

// A tab or a line break in a field would break its row.
function asField(text: string): string {
  return cleanLine(text, Number.POSITIVE_INFINITY);
}
