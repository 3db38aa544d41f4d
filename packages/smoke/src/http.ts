import { setTimeout as sleep } from 'node:timers/promises';
import { cleanLine } from '@deploy/cli';
import type { Dispatcher } from 'undici';
import { MAX_BODY_BYTES, openDispatcher } from './dispatcher.ts';
import type { HttpsProxy } from './proxy.ts';
import { askedToWaitMs, isWorthRetrying } from './retry.ts';
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
  | { answered: false; reason: string }
);

export type SmokeClient = {
  send(request: SmokeRequest): Promise<Exchange>;
  close(): Promise<void>;
};

export type SmokeClientOptions = {
  baseUrl: string;
  timeoutMs: number;
  retries: number;
  proxy: HttpsProxy | undefined;
};

/** Opens what requests to the service go through. Redirects are not followed. */
export async function openSmokeClient(
  { baseUrl, timeoutMs, retries, proxy }: SmokeClientOptions,
  connections: number,
): Promise<SmokeClient> {
  const url = new URL(baseUrl);
  const prefix = url.pathname === '/' ? '' : url.pathname;
  const { dispatcher, close } = await openDispatcher(url, { timeoutMs, connections, proxy });
  const sendRequest = loadRequest();

  const sendOnce = async ({ method, path, headers, body }: SmokeRequest): Promise<Answer> => {
    // The limit for the whole of it: an answer that drips in slowly keeps the other limits from ever being met.
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await sendRequest.call(dispatcher, {
      origin: url.origin,
      method,
      path: `${prefix}${path}`,
      signal,
      // undici would close the connection after a HEAD, for servers that send a body with its answer, and would keep
      // other requests back meanwhile: https://github.com/nodejs/undici/issues/258
      reset: false,
      blocking: false,
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
    });
    return {
      status: response.statusCode,
      ...readHeaders(response.headers),
      body: await response.body.text(),
    };
  };

  return {
    async send(request) {
      const startedAt = performance.now();
      let attempts = 0;
      const took = () => ({ attempts, durationMs: Math.round(performance.now() - startedAt) });
      try {
        const attempt = async (): Promise<Answer> => {
          attempts += 1;
          const got = await sendOnce(request);
          if (isWorthRetrying({ answer: got })) throw new WorthRetrying(got);
          return got;
        };
        const answer = retries === 0 ? await attempt() : await repeat(attempt, { retries, timeoutMs });
        return { answered: true, answer, ...took() };
      } catch (error) {
        if (error instanceof WorthRetrying) return { answered: true, answer: error.answer, ...took() };
        return { answered: false, reason: reasonFor(error, timeoutMs), ...took() };
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

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: `the answer is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB`,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is not as long as it says',
};
const TIMEOUTS = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];

// Chosen by code and not by message: messages of the HTTP stack may quote the URL, and with it a token.
function reasonFor(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'the request failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (TIMEOUTS.includes(code) || error.name === 'TimeoutError') {
    return `no whole answer within ${timeoutMs / 1000} s`;
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|EPROTO|ALTNAME/.test(code)) return `the TLS connection failed (${code})`;
  if (error.name.startsWith('HTTPParser') || code.startsWith('HPE_'))
    return code ? `the answer is not HTTP (${cleanLine(code, 60)})` : 'the answer is not HTTP';
  return REASONS[code] ?? `the request failed (${code || error.name})`;
}
