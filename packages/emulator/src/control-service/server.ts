import type { IncomingMessage } from 'node:http';
import { closeServer, createServer, listen, STATUS_CODES } from '../http.ts';
import { type ControlServiceBehaviour, withBehaviour } from './behaviour.ts';
import { refuseIncompatible } from './compat.ts';
import { type Env, readConfig } from './config.ts';
import type { Exchange, Reply } from './exchange.ts';
import { answerInMaintenance } from './maintenance.ts';
import { createObservability } from './observability.ts';
import { createRoutes } from './routes.ts';
import { createSessions } from './sessions.ts';

export type ControlServiceOptions = {
  image: string;
  env: Env;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
  /** Called with each line that the service writes to standard output. */
  log?: (line: string) => void;
  /** For simulating a faulty service. */
  behaviour?: ControlServiceBehaviour;
};

export type ControlService = { url: string; port: number; close(): Promise<void> };

/**
 * Starts a stand-in for the control service on a free port of this machine. It answers like the real one on the paths
 * that matter for deploying and checking, and takes its configuration from its environment.
 */
export async function startControlService({
  image,
  env,
  now = Date.now,
  log = () => {},
  behaviour = {},
}: ControlServiceOptions): Promise<ControlService> {
  const config = readConfig(env);
  const seconds = (): number => Math.floor(now() / 1000);
  const sessions = createSessions(config);
  if (behaviour.accessToken !== undefined) {
    sessions.start('operator@openagents.com', { ...behaviour, now: seconds() });
  }
  const observability = createObservability(log, now);
  const routes = createRoutes(config, { image, sessions, observability, startedAt: seconds() });
  const answer = withBehaviour((exchange) => {
    const routed = routes(exchange);
    const { headers, ...reply } =
      refuseIncompatible(exchange, config, observability) ??
      answerInMaintenance(exchange, config) ??
      routed.answer();
    // In the real service, the router wraps the compatibility check, the maintenance page and the routes. So if the
    // path does not support the method, the router adds `allow` to the answer, whichever of the three it comes from.
    return { ...reply, headers: { ...headers, ...(routed.allow && { allow: routed.allow }) } };
  }, behaviour);

  const server = createServer(async (incoming, outgoing) => {
    const exchange = await readExchange(incoming, seconds());
    const reply: Reply = answer(exchange);
    if (reply.status >= 500) observability.responseFailed(reply.status, STATUS_CODES[reply.status] ?? '');
    outgoing.writeHead(reply.status, {
      ...reply.headers,
      'content-length': Buffer.byteLength(reply.body),
      'x-request-id': exchange.requestId,
    });
    outgoing.end(incoming.method === 'HEAD' ? undefined : reply.body);
  });
  const port = await listen(server);
  observability.listening(config.bindAddress, config.staticDir);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () => closeServer(server),
  };
}

async function readExchange(incoming: IncomingMessage, now: number): Promise<Exchange> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  return {
    method: incoming.method ?? 'GET',
    path: mark === -1 ? url : url.slice(0, mark),
    query: mark === -1 ? '' : url.slice(mark + 1),
    headers: firstValues(incoming),
    body: Buffer.concat(chunks).toString('utf8'),
    requestId: incoming.headers['x-request-id']?.toString() ?? crypto.randomUUID(),
    now,
  };
}

// If a header occurs several times, even `cookie`, the service reads the first.
function firstValues({ headersDistinct }: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headersDistinct).map(([name, values]) => [name, values?.[0]]));
}
