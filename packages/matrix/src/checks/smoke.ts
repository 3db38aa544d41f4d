import type { Secret } from '@deploy/cli';
import {
  runControlSmoke,
  runHealthSmoke,
  type SmokeClientOptions,
  type SmokeOutcome,
  type SmokeResult,
  smokeFailure,
  smokeLines,
} from '@deploy/smoke';
import type { CheckLog, CheckWork } from '../check.ts';
import type { Judgement } from '../outcome.ts';

export function healthWork(options: SmokeClientOptions): CheckWork {
  return (log, signal) => smoke(() => runHealthSmoke({ ...options, signal }), options, log);
}

export function controlWork(
  options: SmokeClientOptions & {
    accessToken: Secret | undefined;
    bypassToken: Secret | undefined;
    /** A note about this run, to be written to its log. */
    remark: string | undefined;
  },
): CheckWork {
  return (log, signal) => {
    if (options.remark !== undefined) log.line(options.remark);
    return smoke(() => runControlSmoke({ ...options, signal }), options, log);
  };
}

async function smoke(
  run: () => Promise<SmokeOutcome>,
  { baseUrl, timeoutMs, retries }: SmokeClientOptions,
  log: CheckLog,
): Promise<Judgement> {
  log.line(`asked: ${baseUrl}, ${timeoutMs / 1000} s per request, ${retries} retries`);
  const outcome = await run();
  for (const check of outcome.checks) log.line(describe(check));
  log.line('');
  for (const line of smokeLines(outcome)) log.line(line);
  const failure = smokeFailure(outcome);
  if (failure === undefined) return { passed: true, conclusion: summary(outcome) };
  log.line(`error: ${failure.message}`);
  if (failure.hint !== undefined) log.line(failure.hint);
  return { passed: false, conclusion: failure.message };
}

function describe(check: SmokeResult): string {
  if (check.state === 'skipped') return `- ${check.id}: skipped, ${check.why}`;
  const attempts = check.attempts > 1 ? `, ${check.attempts} attempts` : '';
  const answer = check.status === undefined ? 'no answer' : `HTTP ${check.status}`;
  const asked = `- ${check.id}: ${check.request}: ${answer} after ${check.durationMs} ms${attempts}`;
  return check.state === 'passed'
    ? `${asked}: good${check.note === undefined ? '' : `, but ${check.note}`}`
    : `${asked}: expected ${check.expected}, got ${check.got}`;
}

function summary({ baseUrl, checks }: SmokeOutcome): string {
  const passed = checks.filter(({ state }) => state === 'passed').length;
  const others = checks.flatMap(({ id, state }) => (state === 'passed' ? [] : [`${id} ${state}`]));
  return `${passed} of ${checks.length} requests to ${baseUrl} passed${others.length === 0 ? '' : ` (${others.join(', ')})`}`;
}
