import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export type HttpRequest = {
  method: 'GET' | 'HEAD' | 'POST' | 'PATCH';
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  timeoutMs: number;
};

export type HttpAnswer = { status: number; headers: IncomingMessage['headers']; text: string };

/**
 * Sends requests, one at a time, and keeps connections for the next ones. Node's own client: loading undici would take
 * longer than the whole start-up of a script.
 */
export type Http = {
  /** Throws what the network throws when there is no whole answer in time; every status is an answer. */
  send(request: HttpRequest): Promise<HttpAnswer>;
};

export function openHttp(): Http {
  // Idle connections keep no process running: agent.keepSocketAlive lets go of them.
  const agents = {
    'http:': new HttpAgent({ keepAlive: true }),
    'https:': new HttpsAgent({ keepAlive: true }),
  };
  return {
    async send({ method, url, headers = {}, body, timeoutMs }) {
      const target = new URL(url);
      const isPlain = target.protocol === 'http:';
      const send = isPlain ? httpRequest : httpsRequest;
      const agent = isPlain ? agents['http:'] : agents['https:'];
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        send(target, { method, headers, agent, signal: AbortSignal.timeout(timeoutMs) })
          .once('response', resolve)
          .once('error', reject)
          .end(body);
      });
      answer.setEncoding('utf8');
      let text = '';
      for await (const chunk of answer) text += chunk;
      return { status: answer.statusCode ?? 0, headers: answer.headers, text };
    },
  };
}
