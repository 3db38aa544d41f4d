import { writeFile } from 'node:fs/promises';
import { cleanLine, errorMessage, type JunitCase, junitXml, redact, UserError } from '@deploy/cli';
import type { SmokeOutcome, SmokeResult } from './outcome.ts';

/**
 * Writes the outcome as JUnit XML, with a test case for each check. Throws a UserError when it cannot write the file.
 */
export async function writeJunit(path: string, outcome: SmokeOutcome): Promise<void> {
  const { suite, baseUrl, startedAt, durationMs, checks } = outcome;
  const cases = checks.map((check) => caseOf(check, outcome));
  const xml = await junitXml({ name: `smoke-${suite} ${baseUrl}`, startedAt, durationMs, cases });
  await writeFile(path, redact(xml), { mode: 0o644 }).catch((error: unknown) => {
    throw new UserError(
      `SMOKE_JUNIT: ${cleanLine(path, 120)} cannot be written (${cleanLine(errorMessage(error), 200)})`,
      { cause: error },
    );
  });
}

function caseOf(check: SmokeResult, { suite, bestEffort }: SmokeOutcome): JunitCase {
  const about = { area: `smoke.${suite}`, name: check.id };
  if (check.state === 'skipped') return { ...about, durationMs: 0, state: 'skipped', message: check.why };
  const made = { ...about, durationMs: check.durationMs };
  if (check.state === 'passed') return { ...made, state: 'passed' };
  const message = `expected ${check.expected}, got ${check.got}`;
  // A best-effort check must not turn the JUnit report red.
  if (bestEffort.includes(check.id)) return { ...made, state: 'skipped', message: `best effort: ${message}` };
  const details = [check.request, check.bodyExcerpt ?? ''].join('\n');
  return { ...made, state: 'failed', message, details };
}
