import { setTimeout as sleep } from 'node:timers/promises';
import { type Environment, ProxyFailure } from '@deploy/cli';
import type { Dispatcher } from 'undici';
import { openDispatcher } from './dispatcher.ts';
import { connectionTarget } from './early-connections.ts';
import { type Failure, failureOf, TimedOut } from './failure.ts';
import { isUnaskedContinue, sendPlainly } from './interim-answers.ts';
import { askedToWaitMs, isWorthRetrying } from './retry.ts';
import { withinLimit } from './time-limit.ts';
import { loadRequest } from './undici-parts.ts';

export type SmokeRequest = {
  method: 'GET' | 'HEAD' | 'POST';
  /** Below the base URL, sent as it is. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
};

/** What a request met: an answer, whatever its status, or none, with the reason in words. */
export type Answer = {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  setCookies: readonly string[];
  body: string;
};

export type Exchange = { attempts: number; durationMs: number } & (
  | { answered: true; answer: Answer }
  | ({ answered: false } & Failure)
);

export type SmokeClient = {
  send(request: SmokeRequest): Promise<Exchange>;
  close(): Promise<void>;
};

export type SmokeClientOptions = {
  baseUrl: string;
  /** How long one request may take, whatever the other side does. */
  timeoutMs: number;
  retries: number;
  /** The script that sends the requests: its name goes into their user agent. */
  script: string;
  /** Names the proxies and more certificates to trust, as for curl. */
  env: Environment;
};

/** The user agent of these scripts' requests. Whatever counts requests can leave them out by its first word. */
export function smokeUserAgent(script: string): string {
  return `openagents-deploy-scripts (${script})`;
}

/** Opens what requests to the service go through. Redirects are not followed. */
export async function openSmokeClient(
  { baseUrl, timeoutMs, retries, script, env }: SmokeClientOptions,
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
    // Without these two, some front ends take a request for an attack and answer 403.
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
        // undici would close the connection after a HEAD, for servers that send a body with its answer, and would keep
        // other requests back meanwhile: https://github.com/nodejs/undici/issues/258
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

  return {
    async send(request) {
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
    },
    close,
  };
}

/** Attempts, again after what is worth retrying, until one succeeds or none is left. */
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
    // No longer than a request may take: a server that asks for an hour is not met in this run.
    async onFailedAttempt({ error, retriesLeft }) {
      if (retriesLeft === 0 || !(error instanceof WorthRetrying)) return;
      await sleep(Math.min(askedToWaitMs(error.answer, Date.now()), timeoutMs));
    },
  });
}

/** An answer that another attempt may better; the last one of them counts. */
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
