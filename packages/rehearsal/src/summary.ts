import { durationText } from '@deploy/cli';
import type { StepResult } from './step.ts';

/**
 * The rehearsal's summary, one line for each step, so that it fits a screen. It leaves the service's name out of revision
 * names, because all of them start with it.
 */
export function summaryLines(results: readonly StepResult[], service: string): string {
  const rows = results.map(({ title, exitCode, asExpected, durationMs, serving }) => [
    asExpected ? 'ok' : 'NOT AS EXPECTED',
    String(exitCode),
    durationText(durationMs),
    serving.replaceAll(`${service}-`, ''),
    title,
  ]);
  const table = [['', 'exit', 'time', 'serving afterwards', 'step'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
