import { type CheckResult, explanationOf, type MatrixOutcome } from '../outcome.ts';
import { logFile } from './tsv.ts';

/** The outcome as JUnit XML, a test case a check. An optional check that failed is no failure, but shown as skipped. */
export async function junitXml({ startedAt, durationMs, checks, overall }: MatrixOutcome): Promise<string> {
  const { create } = await import('xmlbuilder2');
  const root = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' }).ele(
    'testsuite',
    {
      name: 'rust-cutover-validation',
      tests: checks.length,
      failures: checks.filter(isFailure).length,
      skipped: checks.filter((check) => check.status !== 'passed' && !isFailure(check)).length,
      timestamp: startedAt,
      time: durationMs / 1000,
    },
  );
  root.ele('properties').ele('property', { name: 'overall', value: overall });
  for (const check of checks) {
    const time = check.status === 'skipped' ? 0 : check.durationMs / 1000;
    const [area = ''] = check.id.split('-');
    const testcase = root.ele('testcase', { classname: `matrix.${area}`, name: check.id, time });
    const message = explanationOf(check);
    if (isFailure(check)) testcase.ele('failure', { message }).txt(`See ${logFile(check.id)}`);
    else if (check.status === 'failed') testcase.ele('skipped', { message: `optional: ${message}` });
    else if (check.status === 'skipped') testcase.ele('skipped', { message });
  }
  return root.end({ prettyPrint: true });
}

function isFailure({ status, required }: CheckResult): boolean {
  return status === 'failed' && required;
}
