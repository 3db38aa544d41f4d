import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '@deploy/cli';

// A change of traffic reaches the platform's front ends one after another, within seconds:
// https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration
const PATIENCE_MS = 30_000;
const PAUSE_MS = 250;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Asks the service from outside whether it is in that mode: on, its start page answers 503 and `/readyz`, where it is
 * an allowed path, still answers; off, the start page answers below 400. Throws a UserError when it answers anything
 * else for `patienceMs` (milliseconds; half a minute).
 */
export async function verifyFromOutside(
  baseUrl: string,
  mode: 'on' | 'off',
  allowedPaths: string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (true) {
    const problem = await lookFromOutside(baseUrl, mode, allowedPaths);
    if (problem === undefined) return;
    if (Date.now() > deadline) {
      throw new UserError(`maintenance mode is configured ${mode}, but from outside ${problem}`, {
        hint: 'Check that OPENAGENTS_BASE_URL leads to this service, and what serves: maintenance-mode.ts status',
      });
    }
    await pause(PAUSE_MS);
  }
}

async function lookFromOutside(
  baseUrl: string,
  mode: 'on' | 'off',
  allowedPaths: string,
): Promise<string | undefined> {
  const start = await statusOf(`${baseUrl}/`);
  if (mode === 'off') return isBelow400(start) ? undefined : `${baseUrl}/ answers ${start}, not below 400`;
  if (start !== 503) return `${baseUrl}/ answers ${start}, not 503`;
  if (!allowedPaths.split(',').includes('/readyz')) return undefined;
  const ready = await statusOf(`${baseUrl}/readyz`);
  return isBelow400(ready) ? undefined : `${baseUrl}/readyz answers ${ready}, not below 400`;
}

/** The status of a GET, redirects not followed; in words when there was no answer. */
async function statusOf(url: string): Promise<number | string> {
  // Loaded here and not above: it would be half of the start-up of scripts that never come here.
  const { request } = await import('undici');
  try {
    const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    await body.dump();
    return statusCode;
  } catch (error) {
    return error instanceof Error ? `nothing (${error.message})` : 'nothing';
  }
}

function isBelow400(status: number | string): boolean {
  return typeof status === 'number' && status < 400;
}
