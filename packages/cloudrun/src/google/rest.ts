import { interruptible } from '@deploy/cli';
import { ApiRefusal } from './api-refusal.ts';
import { callOnce, type Patience, repeatableCall } from './call.ts';
import { type CallSubject, noUsableAnswer, unanswered } from './cloud-error.ts';
import { type Connection, endpointOf } from './connection.ts';
import { type Http, type HttpAnswer, openHttp } from './http.ts';
import { type Login, openLogin, sendWithLogin } from './login.ts';
import { requireAnswerOfApi } from './other-answers.ts';
import { quotaWait } from './quota.ts';

/** A call to one of Google's REST APIs. */
export type RestCall = {
  method?: 'GET' | 'POST' | 'PATCH';
  /** For instance `run.googleapis.com`. */
  host: string;
  path: string;
  query?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON. */
  body?: unknown;
  /** Default: 10 seconds. Reads usually take far less. */
  timeoutMs?: number;
  /** Aborts only this call, whereas the connection's signal aborts all calls. */
  signal?: AbortSignal;
  /** How long to keep repeating the call if it is made with `repeatable`; default: `usual`. */
  patience?: Patience;
  /**
   * Called with the answer's `Date` header, in whole seconds. It is the platform's time, whereas this machine's clock
   * may be wrong.
   */
  onDate?: (date: Date) => void;
};

/**
 * A client for Google's REST APIs, or for the emulator's, with the connection's login. It returns the JSON as the
 * server sent it.
 */
export type GoogleRest = {
  /**
   * Makes a call that is safe to repeat. Repeats it while there is no answer or the platform asks to slow down. If the
   * connection has a patience for quotas, and the call none of its own, waits for the quota of the next minute as well.
   * Throws a CloudError.
   */
  repeatable<T>(subject: CallSubject, call: RestCall): Promise<T>;
  /** Makes a call exactly once. Throws a CloudError. */
  once<T>(subject: CallSubject, call: RestCall): Promise<T>;
  /** The HTTP client that `repeatable` and `once` use. */
  http: Http;
  login: Login;
};

const TIMEOUT_MS = 10_000;
const opened = new WeakMap<Connection, GoogleRest>();

/**
 * The client for this connection. There is only one, so that the whole run shares one login and the open HTTP
 * connections.
 */
export function googleRest(connection: Connection): GoogleRest {
  const known = opened.get(connection) ?? openRest(connection);
  opened.set(connection, known);
  return known;
}

/** The account that makes the calls over this connection; undefined if unknown. */
export function accountOf(connection: Connection): Promise<string | undefined> {
  return googleRest(connection).login.account();
}

function openRest(connection: Connection): GoogleRest {
  const { emulatorHost, identity, env, signal: interruption } = connection;
  const plain = openHttp(env, (url) => isNear(url, emulatorHost));
  const http: Http = { send: (request) => interruptible(interruption, () => plain.send(request)) };
  const login = openLogin(identity, http, env);

  const send = async (
    { method = 'GET', host, path, query, body: json, timeoutMs = TIMEOUT_MS, signal }: RestCall,
    loginHeaders: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer> => {
    const url = `${endpointOf(emulatorHost, host)}${path}${queryOf(query)}`;
    const body = json === undefined ? undefined : JSON.stringify(json);
    const headers = {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...loginHeaders,
    };
    try {
      return await http.send({
        method,
        url,
        headers,
        timeoutMs,
        signal,
        ...(body !== undefined && { body }),
      });
    } catch (error) {
      throw unanswered(error);
    }
  };
  const call = async <T>(request: RestCall): Promise<T> => {
    const answer = await sendWithLogin(login, endpointOf(emulatorHost, request.host), (headers) =>
      send(request, headers),
    );
    const date = new Date(answer.headers.date ?? '');
    if (!Number.isNaN(date.getTime())) request.onDate?.(date);
    requireAnswerOfApi(answer);
    const json = parse(answer.text);
    if (answer.status < 200 || answer.status >= 300) throw new ApiRefusal(answer.status, json, request.host);
    if (typeof json !== 'object' || json === null) throw noUsableAnswer();
    return json as T;
  };
  const repeat = async <T>(subject: CallSubject, request: RestCall): Promise<T> => {
    const mayRepeat = request.patience === undefined ? quotaWait(connection) : async () => false;
    for (;;) {
      try {
        return await repeatableCall(subject, () => call<T>(request), request.patience);
      } catch (error) {
        if (!(await mayRepeat(error))) throw error;
      }
    }
  };
  return {
    repeatable: (subject, request) => interruptible(interruption, () => repeat(subject, request)),
    once: (subject, request) => interruptible(interruption, () => callOnce(subject, () => call(request))),
    http,
    login,
  };
}

/**
 * Whether a host is always reached directly, never through a proxy: the emulator, this machine, or an instance's
 * metadata server (https://cloud.google.com/compute/docs/metadata/querying-metadata).
 */
function isNear({ host, hostname }: URL, emulatorHost: string | undefined): boolean {
  return (
    host === emulatorHost?.toLowerCase() ||
    /^(?:localhost|127(?:\.\d+){3}|\[::1\]|169\.254(?:\.\d+){2}|metadata\.google\.internal)$/.test(hostname)
  );
}

function queryOf(query: RestCall['query'] = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, value);
  return given.size === 0 ? '' : `?${given}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
