import { UserError } from '@deploy/cli';
import { controlChecks } from './control-checks.ts';
import { decisiveFailure, type FailedSmokeResult, type SmokeOutcome, type SmokeResult } from './outcome.ts';

/**
 * The lines that a smoke script prints on stdout, up to the step that failed. Callers parse them: do not change them.
 */
export function smokeLines(outcome: SmokeOutcome): string[] {
  return outcome.suite === 'health' ? healthLines(outcome) : controlLines(outcome);
}

/** The failure that ends the run, for stderr: the check, its request, what it expected and got, and a hint. */
export function smokeFailure(outcome: SmokeOutcome): UserError | undefined {
  const failed = decisiveFailure(outcome);
  return failed && new UserError(describeFailure(failed, outcome.baseUrl), { ...withHint(failed) });
}

/** Notes for people about checks that passed. */
export function smokeNotes({ checks }: SmokeOutcome): string[] {
  return checks.flatMap((check) =>
    check.state === 'passed' && check.note !== undefined
      ? [`${check.id}: ${check.request}: ${check.note}`]
      : [],
  );
}

function healthLines({ baseUrl, state }: SmokeOutcome): string[] {
  return state === 'passed' ? [`ok: ${baseUrl}/healthz and ${baseUrl}/readyz`] : [];
}

function controlLines({ baseUrl, checks, bestEffort }: SmokeOutcome): string[] {
  const failed = decisiveFailure({ checks, bestEffort });
  const lines: string[] = [];
  for (const [step, planned] of Map.groupBy(controlChecks, (check) => check.step)) {
    const own = checks.filter(({ id }) => planned.some((check) => check.id === id));
    if (own.length > 0) lines.push(step);
    if (own.some(isFailedHealth)) {
      lines.push(`[smoke] /healthz unavailable for ${baseUrl}; continuing with /readyz as canonical probe`);
    }
    if (failed !== undefined && own.includes(failed)) return lines;
  }
  if (!checks.some(({ id }) => id === 'auth-session')) {
    lines.push(
      '[smoke] OPENAGENTS_CONTROL_ACCESS_TOKEN is unset; skipping authenticated session/token checks',
    );
  }
  return [...lines, `ok: control-service smoke checks passed for ${baseUrl}`];
}

function isFailedHealth({ id, state }: SmokeResult): boolean {
  return id === 'health' && state === 'failed';
}

function describeFailure(
  { id, request, expected, got, attempts }: FailedSmokeResult,
  baseUrl: string,
): string {
  const [method, path] = request.split(' ');
  const tries = attempts > 1 ? ` (after ${attempts} attempts)` : '';
  return `${id}: ${method} ${baseUrl}${path}: expected ${expected}, got ${got}${tries}`;
}

function withHint({ bodyExcerpt, hint }: FailedSmokeResult): { hint?: string } {
  const lines = [hint, bodyExcerpt === undefined ? undefined : `body: ${bodyExcerpt}`].filter(
    (line) => line !== undefined,
  );
  return lines.length === 0 ? {} : { hint: lines.join('\n') };
}
