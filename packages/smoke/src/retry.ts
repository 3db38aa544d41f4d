import { ProxyFailure } from '@deploy/cli';
import type { Answer } from './exchange.ts';
import { causeOf, failureCode } from './failure.ts';

const COLD_CODES = [
  // The name server did not answer just now, which says nothing about the service.
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  // The same failures over HTTP/2: a reset stream, GOAWAY, or a broken session.
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_STREAM_CANCEL',
  'ERR_HTTP2_SESSION_ERROR',
  'UND_ERR_INFO',
  'UND_ERR_ABORTED',
];

/** Whether another attempt may succeed: the failure looks like a cold start, or the server asks to try again later. */
export function isWorthRetrying(met: { answer: Answer } | { error: unknown }): boolean {
  if ('answer' in met) {
    const { status, headers } = met.answer;
    return status === 429 || status === 502 || (status === 503 && headers['retry-after'] !== undefined);
  }
  const cause = causeOf(met.error);
  // This status is the proxy's own. 502 means that the proxy could not reach the service.
  if (cause instanceof ProxyFailure && cause.status !== undefined) return [429, 502].includes(cause.status);
  return COLD_CODES.includes(failureCode(met.error));
}

/**
 * How long the server asks the client to wait, in milliseconds: Retry-After as seconds or as a date
 * (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after); 0 when it does not say.
 */
export function askedToWaitMs({ headers }: Answer, now: number): number {
  const value = headers['retry-after']?.trim() ?? '';
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
