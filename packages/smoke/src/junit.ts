import { writeFile } from 'node:fs/promises';
import { cleanLine, errorMessage, redact, UserError } from '@deploy/cli';
import type { CheckResult, SmokeOutcome } from './outcome.ts';

/** Writes the outcome as JUnit XML, a test case a check. Throws a UserError when the file cannot be written. */
export async function writeJunit(path: string, outcome: SmokeOutcome): Promise<void> {
  const xml = redact(await junitXml(outcome));
  await writeFile(path, xml, { mode: 0o644 }).catch((error: unknown) => {
    throw new UserError(
      `SMOKE_JUNIT: ${cleanLine(path, 120)} cannot be written (${cleanLine(errorMessage(error), 200)})`,
      { cause: error },
    );
  });
}

async function junitXml({
  suite,
  baseUrl,
  startedAt,
  durationMs,
  checks,
  bestEffort,
}: SmokeOutcome): Promise<string> {
  const { create } = await import('xmlbuilder2');
  const isFailure = (check: CheckResult): boolean =>
    check.state === 'failed' && !bestEffort.includes(check.id);
  const root = create({ version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '\uFFFD' }).ele(
    'testsuite',
    {
      name: `smoke-${suite} ${baseUrl}`,
      tests: checks.length,
      failures: checks.filter(isFailure).length,
      skipped: checks.filter(
        (check) => check.state === 'skipped' || (check.state === 'failed' && !isFailure(check)),
      ).length,
      timestamp: startedAt,
      time: durationMs / 1000,
    },
  );
  for (const check of checks) {
    const time = check.state === 'skipped' ? 0 : check.durationMs / 1000;
    const testcase = root.ele('testcase', { classname: `smoke.${suite}`, name: check.id, time });
    if (check.state === 'skipped') testcase.ele('skipped', { message: check.why });
    if (check.state !== 'failed') continue;
    const message = `expected ${check.expected}, got ${check.got}`;
    // What only informs must not turn a report red.
    if (isFailure(check))
      testcase.ele('failure', { message }).txt([check.request, check.bodyExcerpt ?? ''].join('\n'));
    else testcase.ele('skipped', { message: `best effort: ${message}` });
  }
  return root.end({ prettyPrint: true });
}
