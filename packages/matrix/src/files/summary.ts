import { escapeMarkdown, markdownTable } from '@deploy/cli';
import { explanationOf, type MatrixOutcome, type MatrixResult, requiredWord } from '../outcome.ts';
import { logFile } from './results.ts';

/**
 * The text of `SUMMARY.md`. It is for people, but callers parse its headings and lists, so these must stay as they are.
 */
export function summaryMarkdown({
  startedAt,
  overall,
  totals,
  environment,
  checks: inOrder,
}: MatrixOutcome): string {
  const checks = inOrder.toSorted((one, other) => urgency(one) - urgency(other));
  return `${[
    '# Rust Staging/Prod Validation Matrix',
    '',
    `- Timestamp (UTC): ${compactTime(startedAt)}`,
    `- Overall: ${overall}`,
    `- Total checks: ${totals.checks}`,
    `- Passed: ${totals.passed}`,
    `- Required failures: ${totals.requiredFailures}`,
    `- Optional failures: ${totals.optionalFailures}`,
    `- Required skipped: ${totals.requiredSkipped}`,
    `- Optional skipped: ${totals.optionalSkipped}`,
    '',
    '## Environment',
    '',
    ...Object.entries(environment).map(([name, value]) => `- ${name}=${value ?? '<unset>'}`),
    '',
    '## Check Results',
    '',
    ...markdownTable([['Check', 'Required', 'Status', 'Description', 'Log'], ...checks.map(resultRow)]),
    '',
    '## Commands',
    '',
    'To run a check again, in the root of the OpenAgents checkout:',
    '',
    ...checks.map((check) =>
      check.status === 'skipped'
        ? `- ${check.id}: skipped, ${escapeMarkdown(check.reason)}`
        : `- ${check.id}: ${code(check.command)}`,
    ),
  ].join('\n')}\n`;
}

/**
 * Where a check stands in the table and in the list of commands: failures first, then required checks that were
 * skipped.
 */
function urgency({ status, required }: MatrixResult): number {
  if (status === 'failed') return required ? 0 : 1;
  return status === 'skipped' && required ? 2 : 3;
}

/** Turns an RFC 3339 time into one like `20260212T165540Z`. */
export function compactTime(time: string): string {
  return `${time.slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function resultRow(check: MatrixResult): string[] {
  const log = logFile(check.id);
  return [
    check.id,
    requiredWord(check.required),
    check.status,
    escapeMarkdown(`${check.description}: ${explanationOf(check)}`),
    `[${log}](${log})`,
  ];
}

/**
 * A code span; the fence is longer than any run of backticks in the text:
 * https://spec.commonmark.org/0.31.2/#code-spans
 */
function code(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `${fence}${line}${fence}` : `${fence} ${line} ${fence}`;
}
