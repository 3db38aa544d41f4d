import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { isLatest } from '../service/resources.ts';
import type { StoredRevision } from '../service/revisions.ts';
import type { StoredService } from '../service/store.ts';
import { type Picker, weightedPicker } from './split.ts';

/** Where a service is reached from outside: its URL, by the traffic split, and a URL for each tag. */
export type FrontEnd = {
  url: string;
  /** Makes sure that these tags have a URL. */
  openTags(names: readonly string[]): Promise<void>;
  tagUrl(tag: string): string | undefined;
  /** Takes over what the service serves now. */
  route(service: StoredService): void;
  close(): Promise<void>;
};

type Route = { pick: Picker<StoredRevision> };
type Front = { agent: Agent; reservedPaths: readonly string[] };

// Headers that belong to one connection and are not passed on: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'proxy-connection',
  'te',
  'trailer',
];

export async function openFrontEnd(reservedPaths: readonly string[] = []): Promise<FrontEnd> {
  const agent = new Agent({ keepAlive: true });
  const front = { agent, reservedPaths };
  const main: Route = { pick: () => undefined };
  const tags = new Map<string, Route & { server: Server }>();
  const server = await listen(main, front);

  return {
    url: urlOf(server),
    async openTags(names) {
      for (const name of names) {
        if (tags.has(name)) continue;
        const route: Route = { pick: () => undefined };
        tags.set(name, Object.assign(route, { server: await listen(route, front) }));
      }
    },
    tagUrl(name) {
      const tag = tags.get(name);
      return tag && urlOf(tag.server);
    },
    route({ json, revisions }) {
      const latest = revisions.findLast(({ state }) => state === 'ready');
      const targets = json.trafficStatuses.map((status) => ({
        status,
        revision: isLatest(status) ? latest : revisions.find(({ name }) => name === status.revision),
      }));
      main.pick = weightedPicker(
        targets.flatMap(({ status, revision }) =>
          revision ? [{ value: revision, weight: status.percent ?? 0 }] : [],
        ),
      );
      for (const [tag, route] of tags) {
        const target = targets.find(({ status }) => status.tag === tag);
        route.pick = () => target?.revision;
      }
    },
    async close() {
      agent.destroy();
      await Promise.all([server, ...[...tags.values()].map((tag) => tag.server)].map(closeServer));
    },
  };
}

async function listen(route: Route, front: Front): Promise<Server> {
  const server = serve(route, front);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function serve(route: Route, { agent, reservedPaths }: Front): Server {
  return createServer((incoming, outgoing) => {
    const [path = ''] = (incoming.url ?? '').split('?');
    const port = reservedPaths.includes(path) ? undefined : route.pick()?.address?.port;
    if (port === undefined) {
      incoming.resume();
      // What the platform's front end says when nothing is routed to, in its way: a page, not JSON.
      outgoing
        .writeHead(404, { 'content-type': 'text/html; charset=UTF-8' })
        .end('<html><title>Page not found</title></html>\n');
      return;
    }
    forward(incoming, outgoing, { port, agent });
  });
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { port, agent }: { port: number; agent: Agent },
): void {
  const upstream = request(
    {
      host: '127.0.0.1',
      port,
      agent,
      method: incoming.method,
      path: incoming.url,
      headers: endToEnd(incoming.headers),
    },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
      // An answer that breaks off must look so to the caller, and a caller who has gone ends it.
      pipeline(answer, outgoing, () => {});
    },
  );
  upstream.on('error', () => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(503).end();
  });
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(upstream);
}

function endToEnd<T extends Record<string, unknown>>(headers: T): T {
  const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name));
  return Object.fromEntries(kept) as T;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
