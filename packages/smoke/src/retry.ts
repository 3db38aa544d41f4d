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
