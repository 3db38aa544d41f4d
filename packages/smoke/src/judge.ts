import { cleanLine, cleanText, redact } from '@deploy/cli';
import type { Check, CheckContext } from './check.ts';
import type { Answer, Exchange } from './exchange.ts';
import { hintFor } from './hints.ts';
import type { SmokeResult } from './outcome.ts';

const EXCERPT_LENGTH = 300;

export function judgeCheck(check: Check, exchange: Exchange, context: CheckContext): SmokeResult {
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
      hint: exchange.hint,
      isOutOfReach: exchange.isOutOfReach,
    };
  }
  const { answer } = exchange;
  const objection = check.judge(answer);
  if (objection === undefined) {
    const note = redirectNote(answer, context);
    return { ...about, state: 'passed', status: answer.status, ...(note && { note: context.hide(note) }) };
  }
  return {
    ...about,
    state: 'failed',
    status: answer.status,
    expected: objection.expected,
    got: context.hide(objection.got),
    bodyExcerpt: excerptOf(context.hide(answer.body)),
    hint: hintFor(check, answer, context),
    isOutOfReach: isPageInstead(answer),
  };
}

/**
 * Whether this is a page that Google's front end, or a proxy on the way, sends in place of the service's answer. The service
 * itself answers 403 and 404 without a page.
 */
function isPageInstead({ status, headers }: Answer): boolean {
  return (status === 403 || status === 404) && (headers['content-type']?.includes('html') ?? false);
}

/** A note for a check that passes although the answer redirects elsewhere, perhaps to a login page. */
function redirectNote({ status, headers }: Answer, { baseUrl }: CheckContext): string | undefined {
  if (status < 300 || headers.location === undefined) return undefined;
  const asked = new URL(baseUrl).hostname;
  const host = URL.parse(headers.location, `${baseUrl}/`)?.hostname;
  if (host === undefined || host === asked) return undefined;
  return `it redirects to another host, ${cleanLine(host, 120)}, which was not checked`;
}

// Redact before cutting: half a secret would not be recognised.
function excerptOf(body: string): string | undefined {
  // Cut by whole characters, never inside a surrogate pair.
  const text = [...redact(cleanText(body)).trim()].slice(0, EXCERPT_LENGTH).join('');
  return text === '' ? undefined : text;
}

// The query is left out, because it may hold the bypass token.
function withoutQuery(path: string): string {
  return path.replace(/\?.*/, '');
}
