import { setTimeout as pause } from 'node:timers/promises';
import { type Environment, interruptible, type Secret, UserError } from '@deploy/cli';
import { type Http, openHttp } from '../google/http.ts';

// A traffic change reaches the platform's front ends one after another, within seconds:
// https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration
const PATIENCE_MS = 30_000;
const PAUSE_MS = 250;
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Checks the mode from outside. When it is on, the start page must answer 503, and `/readyz` must answer below 400 if
 * it is an allowed path. When it is off, the start page must answer below 400, and if it redirects, the service's
 * manifest must answer: only a login page in front of the service redirects that as well.
 *
 * If there is a new `token`, it must get past the maintenance page. This matters when a window was already open: the
 * start page answers 503 all along, but only the new revision accepts the new token.
 *
 * Requests go through the proxy that `env` names. Throws a UserError when the answers are still wrong after
 * `patienceMs` milliseconds.
 */
export async function verifyFromOutside(
  baseUrl: string,
  mode: 'on' | 'off',
  allowedPaths: string,
  {
    env,
    token,
    signal,
    patienceMs = PATIENCE_MS,
  }: { env: Environment; token?: Secret | undefined; signal?: AbortSignal; patienceMs?: number },
): Promise<void> {
  const http = openHttp(env, () => false);
  const deadline = performance.now() + patienceMs;
  const look = async () =>
    (await lookFromOutside(http, baseUrl, mode, allowedPaths)) ?? tryToken(http, baseUrl, token);
  while (true) {
    const problem = await interruptible(signal, look);
    if (problem === undefined) return;
    if (performance.now() > deadline) {
      throw new UserError(`maintenance mode is configured ${mode}, but from outside ${problem}`, {
        hint: 'Check that OPENAGENTS_BASE_URL leads to this service, and what serves: maintenance-mode.ts status',
      });
    }
    await interruptible(signal, () => pause(PAUSE_MS));
  }
}

async function lookFromOutside(
  http: Http,
  baseUrl: string,
  mode: 'on' | 'off',
  allowedPaths: string,
): Promise<string | undefined> {
  const start = await statusOf(http, `${baseUrl}/`);
  if (mode === 'off')
    return isBelow400(start)
      ? whyElsewhere(http, baseUrl, start)
      : `${baseUrl}/ answers ${start}, not below 400`;
  if (start !== 503) return `${baseUrl}/ answers ${start}, not 503`;
  if (!allowedPaths.split(',').includes('/readyz')) return undefined;
  const ready = await statusOf(http, `${baseUrl}/readyz`);
  return isBelow400(ready) ? undefined : `${baseUrl}/readyz answers ${ready}, not below 400`;
}

/**
 * Why a start page that redirects may not be the service's own. The service redirects it too, but not its manifest.
 * IAP and other login proxies redirect every path: https://cloud.google.com/iap/docs/concepts-overview#authentication
 */
async function whyElsewhere(
  http: Http,
  baseUrl: string,
  start: number | string,
): Promise<string | undefined> {
  if (typeof start === 'number' && start < 300) return undefined;
  const manifest = await statusOf(http, `${baseUrl}/manifest.json`);
  if (typeof manifest === 'number' && manifest < 300) return undefined;
  const redirects = isBelow400(manifest);
  return `${baseUrl}/ answers ${start} and ${baseUrl}/manifest.json ${manifest}, ${redirects ? 'as a login page in front of the service does' : 'not below 300'}`;
}

/** Uses the bypass token as the smoke check does: unencoded, because the service does not decode it. */
async function tryToken(http: Http, baseUrl: string, token: Secret | undefined): Promise<string | undefined> {
  if (token === undefined) return undefined;
  const entry = await statusOf(http, `${baseUrl}/?maintenance_bypass=${token.reveal()}`);
  return isBelow400(entry) ? undefined : `${baseUrl}/ answers ${entry} to the new token, not below 400`;
}

/** The status of a GET, without following redirects. If there was no answer, a phrase that says so. */
async function statusOf(http: Http, url: string): Promise<number | string> {
  try {
    return (await http.send({ method: 'GET', url, timeoutMs: REQUEST_TIMEOUT_MS })).status;
  } catch (error) {
    return error instanceof Error ? `nothing (${error.message})` : 'nothing';
  }
}

function isBelow400(status: number | string): boolean {
  return typeof status === 'number' && status < 400;
}
