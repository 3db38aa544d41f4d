import type { Agent as HttpAgent, IncomingMessage, Server } from 'node:http';
import type { Clock } from '../clock.ts';
import { Agent, closeServer, createServer, listen } from '../http.ts';
import { ingressContainer } from '../service/ingress.ts';
import { isLatest, type ServiceJson } from '../service/resources.ts';
import type { StoredRevision } from '../service/revisions.ts';
import type { FaultyImage } from '../traffic/image-faults.ts';
import type { RoutedRequest } from '../traffic/routed-request.ts';
import { cookieFor, placeOf, rowAt, type SplitRow } from './affinity.ts';
import { forward } from './forward.ts';
import { weightedPicker } from './split.ts';

/** A service's addresses: its URL, which follows the traffic split, and a URL for each tag. */
export type FrontEnd = {
  url: string;
  /** Gives a URL to each of these tags that has none yet. */
  openTags(names: readonly string[]): Promise<void>;
  tagUrl(tag: string): string | undefined;
  /** From now on, routes requests by the service's current split. */
  route(service: { json: ServiceJson; revisions: readonly StoredRevision[] }): void;
  close(): Promise<void>;
};

/** What the front ends of all services share. */
export type Ingress = {
  clock: Clock;
  /** Paths that the front end answers itself, with a 404. */
  reservedPaths: readonly string[];
  /** How long a moved tag still leads to the revision that had it before. */
  tagLagMs: number;
  /** The faults of an image's containers; `image` is the reference in the revision's template. */
  faultsOf(image: string): FaultyImage | undefined;
  /** Called with each request that was routed to a revision, once it has ended. */
  onRouted(request: RoutedRequest): void;
};

type Choice = { revision: StoredRevision; setCookie?: string };
type Route = { choose: (incoming: IncomingMessage) => Choice | undefined };
/** The route of a tag, and the revision that it leads to, or soon will. */
type TagRoute = Route & { revision?: StoredRevision | undefined };
type Front = Ingress & { service: string; agent: HttpAgent };
type Address = { server: Server; url: string };

export async function openFrontEnd(service: string, ingress: Ingress): Promise<FrontEnd> {
  const agent = new Agent({ keepAlive: true });
  const front = { ...ingress, service, agent };
  const main: Route = { choose: () => undefined };
  const nowhere = () => undefined;
  const tags = new Map<string, TagRoute & Address>();
  const { server, url } = await open(main, front);

  return {
    url,
    async openTags(names) {
      for (const name of names) {
        if (tags.has(name)) continue;
        const route: Route = { choose: () => undefined };
        tags.set(name, Object.assign(route, await open(route, front)));
      }
    },
    tagUrl: (name) => tags.get(name)?.url,
    route({ json, revisions }) {
      if (!isOpen(json)) {
        // Who calls the emulator always comes from outside.
        for (const each of [main, ...tags.values()]) each.choose = nowhere;
        return;
      }
      const latest = revisions.findLast(({ state }) => state === 'ready');
      const targets = json.trafficStatuses.map((status) => ({
        status,
        revision: isLatest(status) ? latest : revisions.find(({ name }) => name === status.revision),
      }));
      main.choose = chooser(
        targets
          .flatMap(({ status, revision }): SplitRow<StoredRevision>[] =>
            revision && status.percent
              ? [{ value: revision, weight: status.percent, hasAffinity: hasAffinity(revision) }]
              : [],
          )
          // Oldest first, so that a changed split takes few clients from the revision that their cookie ties them to.
          .sort((a, b) => revisions.indexOf(a.value) - revisions.indexOf(b.value)),
      );
      for (const [tag, route] of tags) {
        const revision = targets.find(({ status }) => status.tag === tag)?.revision;
        lead(route, revision, ingress.tagLagMs);
      }
    },
    async close() {
      agent.destroy();
      await Promise.all([server, ...[...tags.values()].map((tag) => tag.server)].map(closeServer));
    },
  };
}

/** Leads a tag's URL to a revision: a URL that leads to another one only after a while. */
function lead(route: TagRoute, revision: StoredRevision | undefined, lagMs: number): void {
  const isMoved = route.revision !== undefined && revision !== undefined && route.revision !== revision;
  const choose = () => revision && { revision };
  route.revision = revision;
  if (isMoved && lagMs > 0)
    setTimeout(() => route.revision === revision && Object.assign(route, { choose }), lagMs).unref();
  else route.choose = choose;
}

/** Whether the service's own addresses answer to everybody: https://cloud.google.com/run/docs/securing/ingress */
function isOpen({ ingress = OPEN, defaultUriDisabled }: ServiceJson): boolean {
  return defaultUriDisabled !== true && [OPEN, 'INGRESS_TRAFFIC_UNSPECIFIED'].includes(String(ingress));
}

const OPEN = 'INGRESS_TRAFFIC_ALL';

function chooser(rows: readonly SplitRow<StoredRevision>[]): Route['choose'] {
  const pick = weightedPicker(rows.map((row) => ({ value: row, weight: row.weight })));
  return ({ headers }) => {
    const place = placeOf(headers.cookie);
    const held = place === undefined ? undefined : rowAt(rows, place);
    if (held !== undefined) return { revision: held.value };
    const row = pick();
    if (row === undefined) return undefined;
    return { revision: row.value, ...(row.hasAffinity && { setCookie: cookieFor(rows, row) }) };
  };
}

function hasAffinity({ template }: StoredRevision): boolean {
  return template.sessionAffinity === true;
}

async function open(route: Route, front: Front): Promise<Address> {
  const server = createServer(async (incoming, outgoing) => {
    const [path = ''] = (incoming.url ?? '').split('?');
    const choice = front.reservedPaths.includes(path) ? undefined : route.choose(incoming);
    if (choice === undefined) {
      incoming.resume();
      // The platform answers with a page, not JSON, when there is no route.
      outgoing
        .writeHead(404, { 'content-type': 'text/html; charset=UTF-8' })
        .end(
          '<html><title>404 Page not found</title><h1>Error: Page not found</h1>\n<h2>The requested URL was not found on this server.</h2></html>\n',
        );
      return;
    }
    const { revision, setCookie } = choice;
    const faults = front.faultsOf(ingressContainer(revision.template).image ?? '');
    const destination = {
      service: front.service,
      revision: revision.name,
      // If an instance has ended, the next request starts another and waits for it.
      port: revision.container?.port() ?? (await revision.container?.wake()),
      fate: faults?.next(incoming.method ?? 'GET', path),
      setCookie,
    };
    forward(incoming, outgoing, destination, front);
  });
  return { server, url: `http://127.0.0.1:${await listen(server)}` };
}
