import { alignedRows, durationText } from '@deploy/cli';
import type { EndingResult } from './steps/endings.ts';
import type { StepResult } from './steps/step.ts';

/**
 * The rehearsal's summary, with one line for each step. To fit a screen, revision names are shown without their prefix,
 * the service's name.
 */
export function summaryLines(results: readonly StepResult[], service: string): string {
  const rows = results.map(({ title, exitCode, asExpected, durationMs, serving }) => [
    asExpected ? 'ok' : 'NOT AS EXPECTED',
    String(exitCode),
    durationText(durationMs),
    serving.replaceAll(`${service}-`, ''),
    title,
  ]);
  return alignedRows([['', 'exit', 'time', 'serving afterwards', 'step'], ...rows]).join('\n');
}

/** The promotions' summary: how each should end, and how it did. */
export function endingLines(results: readonly EndingResult[]): string {
  const rows = results.map(({ asExpected, exitCode, durationMs, shouldEnd, ended, serving, of }) => [
    asExpected ? 'ok' : 'NOT AS EXPECTED',
    String(exitCode),
    `${(durationMs / 1000).toFixed(1)} s`,
    shouldEnd,
    ended,
    serving.replaceAll(/[a-z-]+-(?=\d{5}-)/g, ''),
    of,
  ]);
  return alignedRows([
    ['', 'exit', 'time', 'should end', 'ended', 'serving afterwards', 'promotion of'],
    ...rows,
  ]).join('\n');
}
