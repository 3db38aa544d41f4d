import { durationText } from '@deploy/cli';
import type { EndingResult } from './steps/endings.ts';
import type { StepResult } from './steps/step.ts';

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
  return aligned([['', 'exit', 'time', 'serving afterwards', 'step'], ...rows]);
}

/** The promotions' summary: how each should end, and how it did. */
export function endingLines(results: readonly EndingResult[]): string {
  const rows = results.map(({ asExpected, exitCode, durationMs, should, did, serving, of }) => [
    asExpected ? 'ok' : 'NOT AS EXPECTED',
    String(exitCode),
    `${(durationMs / 1000).toFixed(1)} s`,
    should,
    did,
    serving.replaceAll(/[a-z-]+-(?=\d{5}-)/g, ''),
    of,
  ]);
  return aligned([
    ['', 'exit', 'time', 'should end', 'ended', 'serving afterwards', 'promotion of'],
    ...rows,
  ]);
}

function aligned(table: readonly (readonly string[])[]): string {
  const columns = table[0]?.slice(0, -1) ?? [];
  const widths = columns.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
