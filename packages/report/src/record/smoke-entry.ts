import type { SmokeOutcome, SmokeResult } from '@deploy/smoke';
import type { SmokeCheckEntry, SmokeEntry } from './schema.ts';

export function smokeEntry(outcome: SmokeOutcome, actor: string): SmokeEntry {
  const { startedAt, suite, baseUrl, state, durationMs, checks, bestEffort } = outcome;
  return {
    at: startedAt,
    actor,
    suite,
    baseUrl,
    state,
    durationMs,
    checks: checks.map((check) => checkEntry(check, bestEffort.includes(check.id))),
  };
}

/** Whether a control smoke passed without an access token. It then did not check sessions and tokens. */
export function hadNoToken({
  suite,
  state,
  checks,
}: Pick<SmokeEntry, 'suite' | 'state' | 'checks'>): boolean {
  const asked = checks.some(({ id, state: ended }) => id === 'auth-session' && ended !== 'skipped');
  return suite === 'control' && state === 'passed' && !asked;
}

function checkEntry(check: SmokeResult, isBestEffort: boolean): SmokeCheckEntry {
  if (check.state === 'skipped') return { id: check.id, state: 'skipped', detail: check.why };
  const { id, request, status, durationMs, attempts } = check;
  const asked = { request, ...(status === undefined ? {} : { status }), durationMs, attempts };
  if (check.state === 'passed') return { id, state: 'passed', ...asked };
  return {
    id,
    state: isBestEffort ? 'unavailable' : 'failed',
    ...asked,
    detail: describeFailure(check),
  };
}

function describeFailure({
  expected,
  got,
  bodyExcerpt,
  hint,
}: Extract<SmokeResult, { state: 'failed' }>): string {
  const body = bodyExcerpt === undefined ? [] : [`body: ${bodyExcerpt}`];
  return [`expected ${expected}, got ${got}`, ...body, ...(hint === undefined ? [] : [hint])].join('; ');
}
