import { join } from 'node:path';
import { cleanLine } from '@deploy/cli';
import { type MatrixOutcome, requiredWord } from '../outcome.ts';

const HEADER = ['check_id', 'required', 'status', 'description', 'log_path', 'command'];

/** `results.tsv`: a row a check; its last field is what reruns the check, or why it was skipped. */
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

/** Relative to the folder of the results. */
export function logFile(id: string): string {
  return `logs/${id}.log`;
}

// White space other than a blank would break the rows.
function asField(text: string): string {
  return cleanLine(text, Number.POSITIVE_INFINITY);
}
