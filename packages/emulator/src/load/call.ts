import type { Agent } from 'node:http';
import { request } from '../http.ts';

export type LoadCall = {
  method: 'GET' | 'POST';
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: object;
};

export type LoadAnswer = { status: number; cookies: readonly string[]; body: string };

/** Sends one request of the load. If the answer never comes or breaks off, the status is 0. */
export function call(
  base: URL,
  agent: Agent,
  { method, path, headers, body }: LoadCall,
): Promise<LoadAnswer> {
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve) => {
    const failed = (): void => resolve({ status: 0, cookies: [], body: '' });
    const outgoing = request(
      {
        host: base.hostname,
        port: base.port,
        agent,
        method,
        path,
        headers: {
          'user-agent': 'load-generator',
          ...headers,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          'content-length': Buffer.byteLength(text),
        },
      },
      (incoming) => {
        let received = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          received += chunk;
        });
        incoming.once('error', failed);
        incoming.once('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            cookies: incoming.headers['set-cookie'] ?? [],
            body: received,
          }),
        );
      },
    );
    outgoing.once('error', failed);
    outgoing.end(text);
  });
}
