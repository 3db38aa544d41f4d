import { callOnce, repeatableCall } from './call.ts';
import { ApiRefusal, type CallSubject, noUsableAnswer, unanswered } from './cloud-error.ts';
import { type Connection, endpointOf } from './connection.ts';
import { type HttpRequest, openHttp } from './http.ts';
import { openAuthClient } from './identity.ts';

/** A call of one of Google's REST APIs. */
export type RestCall = {
  method?: 'GET' | 'POST' | 'PATCH';
  /** `run.googleapis.com` */
  host: string;
  path: string;
  query?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON. */
  body?: unknown;
  /** Default: 10 seconds, which is long for a read. */
  timeoutMs?: number;
};

/** Google's REST APIs, with the connection's login, or the emulator. Answers are the JSON that was sent. */
export type GoogleRest = {
  /** A call that may be made twice without harm: repeated while there is no answer. Throws a CloudError. */
  repeatable<T>(subject: CallSubject, call: RestCall): Promise<T>;
  /** A call that is made exactly once. Throws a CloudError. */
  once<T>(subject: CallSubject, call: RestCall): Promise<T>;
};

const TIMEOUT_MS = 10_000;
const opened = new WeakMap<Connection, GoogleRest>();

/** The REST APIs over this connection, opened once: a login and open connections serve the whole run. */
export function googleRest(connection: Connection): GoogleRest {
  const known = opened.get(connection) ?? openRest(connection);
  opened.set(connection, known);
  return known;
}

function openRest({ emulatorHost, identity }: Connection): GoogleRest {
  const http = openHttp();
  let login: ReturnType<typeof openAuthClient> | undefined;
  const authorization = async (url: string): Promise<Record<string, string>> => {
    if (identity.kind === 'none') return {};
    login ??= openAuthClient(identity);
    return Object.fromEntries(await (await login).getRequestHeaders(url));
  };

  const send = async <T>(call: RestCall): Promise<T> => {
    const url = `${endpointOf(emulatorHost, call.host)}${call.path}${queryOf(call.query)}`;
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const request: HttpRequest = {
      method: call.method ?? 'GET',
      url,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(await authorization(url)),
      },
      timeoutMs: call.timeoutMs ?? TIMEOUT_MS,
      ...(body === undefined ? {} : { body }),
    };
    const { status, text } = await http.send(request).catch((error) => {
      throw unanswered(error);
    });
    const json = parse(text);
    if (status >= 200 && status < 300) {
      if (typeof json !== 'object' || json === null) throw noUsableAnswer();
      return json as T;
    }
    throw new ApiRefusal(status, json);
  };
  return {
    repeatable: (subject, call) => repeatableCall(subject, () => send(call)),
    once: (subject, call) => callOnce(subject, () => send(call)),
  };
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
