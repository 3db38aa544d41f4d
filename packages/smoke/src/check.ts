import { cleanText, redact } from '@deploy/cli';
import { hintFor } from './hints.ts';
import type { Answer, Exchange, SmokeRequest } from './http.ts';
import type { CheckResult } from './outcome.ts';

/** What a check makes of an answer: nothing to object to, or what was expected and what came instead. */
export type Objection = { expected: string; got: string } | undefined;

export type Check = {
  id: string;
  request: SmokeRequest;
  judge(answer: Answer): Objection;
};

export type CheckContext = { baseUrl: string; hasAccessToken: boolean; hasBypassToken: boolean };

const EXCERPT_LENGTH = 300;

/** Turns what a check's request met into the check's result. */
export function judgeCheck(check: Check, exchange: Exchange, context: CheckContext): CheckResult {
  const { attempts, durationMs } = exchange;
  const about = {
    id: check.id,
    request: `${check.request.method} ${withoutQuery(check.request.path)}`,
    attempts,
    durationMs,
  };
  if (!exchange.answered) {
    return {
      ...about,
      state: 'failed',
      status: undefined,
      expected: 'an answer',
      got: exchange.reason,
      bodyExcerpt: undefined,
      hint: hintFor(check.id, undefined, exchange.reason, context),
    };
  }
  const { answer } = exchange;
  const objection = check.judge(answer);
  if (objection === undefined) return { ...about, state: 'passed', status: answer.status };
  return {
    ...about,
    state: 'failed',
    status: answer.status,
    ...objection,
    bodyExcerpt: excerptOf(answer.body),
    hint: hintFor(check.id, answer, objection.got, context),
  };
}

export function below400(answer: Answer): Objection {
  return answer.status < 400 ? undefined : { expected: 'a status below 400', got: `status ${answer.status}` };
}

/** A status below 400 and a header that says what it should, in any case. */
export function headerContains(answer: Answer, name: string, wanted: string): Objection {
  const value = answer.headers[name];
  if (answer.status < 400 && value?.toLowerCase().includes(wanted)) return undefined;
  const shown = value === undefined ? `no ${name}` : `${name}: ${value}`;
  return { expected: `${name} with ${wanted}`, got: `status ${answer.status}, ${shown}` };
}

// Redacted before it is cut: a secret cut in two would not be recognised.
function excerptOf(body: string): string | undefined {
  // By whole characters: half of a surrogate pair is none.
  const text = [...redact(cleanText(body)).trim()].slice(0, EXCERPT_LENGTH).join('');
  return text === '' ? undefined : text;
}

// The query holds the bypass token.
function withoutQuery(path: string): string {
  return path.replace(/\?.*/, '');
}
