import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, interruptible, ProxyFailure } from '@deploy/cli';
import type { Dispatcher } from 'undici';
import { openDispatcher } from './dispatcher.ts';
import { connectionTarget } from './early-connections.ts';
import type { Answer, Exchange, SmokeRequest } from './exchange.ts';
import { failureOf, TimedOut } from './failure.ts';
import { isUnaskedContinue, sendPlainly } from './interim-answers.ts';
import { askedToWaitMs, isWorthRetrying } from './retry.ts';
import { withinLimit } from './time-limit.ts';
import { loadRequest } from './undici-parts.ts';

export type SmokeClient = {
  send(request: SmokeRequest): Promise<Exchange>;
  close(): Promise<void>;
};

export type SmokeClientOptions = {
  baseUrl: string;
  /** How long one request may take, whatever the other side does. */
  timeoutMs: number;
  retries: number;
  /** The name of the script that sends the requests, for their user agent. */
  script: string;
  /** Proxies and extra certificates to trust are read from the same variables that curl reads. */
  env: Environment;
  /** Aborts the requests, and the pauses between attempts. */
  signal?: AbortSignal | undefined;
};

/**
 * The user agent of these scripts' requests. Its first word lets traffic statistics recognise such requests and leave
 * them out.
 */
export function smokeUserAgent(script: string): string {
  return `openagents-deploy-scripts (${script})`;
}

/** Opens a client for requests to the service. It does not follow redirects. */
export async function openSmokeClient(
  { baseUrl, timeoutMs, retries, script, env, signal: interruption }: SmokeClientOptions,
  connections: number,
): Promise<SmokeClient> {
  const url = new URL(baseUrl);
  const prefix = url.pathname === '/' ? '' : url.pathname;
  const { dispatcher, route, forwarder, proxyShown, close } = await openDispatcher(url, {
    timeoutMs,
    connections,
    env,
  });
  const sendRequest = loadRequest();

  const sendOnce = async (asked: SmokeRequest, signal: AbortSignal): Promise<Answer> => {
    const { method, body } = asked;
    const path = `${forwarder === undefined ? '' : url.origin}${prefix}${asked.path}`;
    // Some front ends treat a request without these two headers as an attack and answer 403.
    const headers = {
      'user-agent': smokeUserAgent(script),
      accept: '*/*',
      ...forwarder?.headers,
      ...asked.headers,
    };
    try {
      const response = await sendRequest.call(dispatcher, {
        origin: url.origin,
        ...forwarder?.options,
        method,
        path,
        signal,
        // By default, undici closes the connection after a HEAD request, and holds other requests back until it is
        // closed. It does so because some servers answer HEAD with a body: https://github.com/nodejs/undici/issues/258
        reset: false,
        blocking: false,
        headers,
        ...(body !== undefined && { body }),
      });
      const { statusCode: status } = response;
      return { status, ...readHeaders(response.headers), body: await response.body.text() };
    } catch (error) {
      if (!isUnaskedContinue(error)) throw error;
      const socket = await route.open(connectionTarget(forwarder?.origin ?? url)).connected;
      const request = { method, path, headers: { host: url.host, ...headers }, body };
      const { statusCode, headers: answered, text } = await sendPlainly(socket, request, signal);
      return { status: statusCode, ...readHeaders(answered), body: text };
    }
  };

  const attempt = async (request: SmokeRequest): Promise<Answer> => {
    const answer = await withinLimit(
      timeoutMs,
      () => new TimedOut(route.waitingFor()),
      (signal) => sendOnce(request, signal),
    );
    if (answer.status === 407 && forwarder !== undefined) throw ProxyFailure.loginAsked(forwarder.proxy);
    return answer;
  };

  const send = async (request: SmokeRequest): Promise<Exchange> => {
    const startedAt = performance.now();
    let attempts = 0;
    const took = () => ({ attempts, durationMs: Math.round(performance.now() - startedAt) });
    try {
      const tryOnce = async (): Promise<Answer> => {
        attempts += 1;
        const got = await attempt(request);
        if (isWorthRetrying({ answer: got })) throw new WorthRetrying(got);
        return got;
      };
      const answer = retries === 0 ? await tryOnce() : await repeat(tryOnce, { retries, timeoutMs });
      return { answered: true, answer, ...took() };
    } catch (error) {
      if (error instanceof WorthRetrying) return { answered: true, answer: error.answer, ...took() };
      return { answered: false, ...failureOf(error, { timeoutMs, proxyShown }), ...took() };
    }
  };

  return { send: (request) => interruptible(interruption, () => send(request)), close };
}

/** Repeats the attempt after each failure that is worth retrying, until it succeeds or `retries` are used up. */
async function repeat(
  attempt: () => Promise<Answer>,
  { retries, timeoutMs }: Pick<SmokeClientOptions, 'retries' | 'timeoutMs'>,
): Promise<Answer> {
  const { default: pRetry } = await import('p-retry');
  return pRetry(attempt, {
    retries,
    minTimeout: 250,
    maxTimeout: 4_000,
    shouldRetry: ({ error }) => error instanceof WorthRetrying || isWorthRetrying({ error }),
    // Wait no longer than one request may take, even if the server asks for an hour.
    async onFailedAttempt({ error, retriesLeft }) {
      if (retriesLeft === 0 || !(error instanceof WorthRetrying)) return;
      await sleep(Math.min(askedToWaitMs(error.answer, Date.now()), timeoutMs));
    },
  });
}

/** An answer after which another attempt may succeed. When no retries are left, the last such answer counts. */
class WorthRetrying extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`HTTP ${answer.status}`);
    this.answer = answer;
  }
}

function readHeaders(headers: Dispatcher.ResponseData['headers']): Pick<Answer, 'headers' | 'setCookies'> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), [value].flat().join(', ')] as const],
  );
  return { headers: Object.fromEntries(entries), setCookies: [headers['set-cookie'] ?? []].flat() };
}
