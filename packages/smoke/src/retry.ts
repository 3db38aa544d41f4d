import type { Answer } from './http.ts';

const COLD_CODES = ['ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET'];

/** Whether another attempt may end better: what a cold start, or a front end that asks for patience, looks like. */
export function isWorthRetrying(met: { answer: Answer } | { error: unknown }): boolean {
  if ('answer' in met) {
    const { status, headers } = met.answer;
    return status === 429 || status === 502 || (status === 503 && headers['retry-after'] !== undefined);
  }
  const { error } = met;
  return error instanceof Error && 'code' in error && COLD_CODES.includes(String(error.code));
}

/**
 * How long the server asks to be left alone, in milliseconds: Retry-After as seconds or as a date
 * (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after); 0 when it does not say.
 */
export function askedToWaitMs({ headers }: Answer, now: number): number {
  const value = headers['retry-after']?.trim() ?? '';
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}
