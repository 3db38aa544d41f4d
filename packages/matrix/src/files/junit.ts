import type { JunitCase, JunitSuite } from '@deploy/cli';
import { explanationOf, type MatrixOutcome, type MatrixResult } from '../outcome.ts';
import { logFile } from './results.ts';

/** The outcome as a JUnit suite. An optional check that failed counts as skipped, not as a failure. */
export function junitSuite({ startedAt, durationMs, checks, overall }: MatrixOutcome): JunitSuite {
  return {
    name: 'rust-cutover-validation',
    startedAt,
    durationMs,
    properties: { overall },
    cases: checks.map(caseOf),
  };
}

function caseOf(check: MatrixResult): JunitCase {
  const [area = ''] = check.id.split('-');
  const about = { area: `matrix.${area}`, name: check.id };
  const message = explanationOf(check);
  if (check.status === 'skipped') return { ...about, durationMs: 0, state: 'skipped', message };
  const made = { ...about, durationMs: check.durationMs };
  if (check.status === 'passed') return { ...made, state: 'passed' };
  return check.required
    ? { ...made, state: 'failed', message, details: `See ${logFile(check.id)}` }
    : { ...made, state: 'skipped', message: `optional: ${message}` };
}
