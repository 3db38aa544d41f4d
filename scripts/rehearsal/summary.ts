import Table from 'cli-table3';
import type { StepResult } from './step.ts';

/** The rehearsal's summary: a row a step. */
export function summaryTable(results: readonly StepResult[]): string {
  const table = new Table({
    head: ['step', 'exit code', 'as expected', 'seconds', 'serving afterwards'],
    style: { head: [], border: [] },
  });
  for (const { title, exitCode, asExpected, durationMs, serving } of results) {
    table.push([
      title,
      exitCode,
      asExpected ? 'yes' : 'NO',
      (durationMs / 1000).toFixed(1),
      serving.replaceAll(', ', '\n'),
    ]);
  }
  return table.toString();
}
