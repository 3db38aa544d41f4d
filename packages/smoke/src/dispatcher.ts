import { type Environment, type ProxyServer, proxyAuthorization, proxyFor } from '@deploy/cli';
import type { Dispatcher } from 'undici';
import { connectEarly } from './early-connections.ts';
import { planRoute, type Route } from './route.ts';
import { withinLimit } from './time-limit.ts';
import { loadPool } from './undici-parts.ts';

export type DispatcherOptions = {
  timeoutMs: number;
  /**
   * How many connections to open: one for each of the requests that are in flight at the same time, because a request
   * that had to wait for a free connection would cost another round trip.
   */
  connections: number;
  /** Proxies and extra certificates to trust are read from the same variables that curl reads. */
  env: Environment;
};

export type OpenDispatcher = {
  dispatcher: Dispatcher;
  route: Route;
  /** The proxy that forwards plain http requests without a tunnel; undefined if there is none. */
  forwarder: Forwarder | undefined;
  /** The proxy's URL as messages show it. */
  proxyShown: string;
  close(): Promise<void>;
};

export type Forwarder = {
  proxy: ProxyServer;
  origin: URL;
  /** For every request: where to send it, and the name to expect in the proxy's certificate. */
  options: { origin: string; servername: string };
  headers: Record<string, string>;
};

// Ample: the largest body that the checks read is the manifest, a few kilobytes.
export const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** How long closing may take. After that, open connections are left for the process to close when it exits. */
const LONGEST_CLOSE_MS = 200;

/**
 * Opens the connection pool for one origin, through a proxy when an environment variable names one. Throws a UserError
 * when the variable does not hold a proxy.
 */
export async function openDispatcher(
  url: URL,
  { timeoutMs, connections, env }: DispatcherOptions,
): Promise<OpenDispatcher> {
  const proxy = proxyFor(url, env);
  const forwarder = proxy && forwarderFor(proxy, url);
  const origin = forwarder?.origin ?? url;
  const route = planRoute({ timeoutMs, proxy, forwards: forwarder !== undefined, env });
  const early = connectEarly(origin, connections, route);
  await early.begun;
  const Pool = loadPool();
  const pool = new Pool(origin.origin, {
    connections,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: MAX_BODY_BYTES,
    // Every connection offers HTTP/2, but the pool is not told. If it were, it would first open a single connection to
    // learn which protocol the server speaks, and a server without HTTP/2 would cost two more round trips.
    allowH2: false,
    connect: early.connect,
  });
  return {
    dispatcher: pool,
    route,
    forwarder,
    proxyShown: proxy === undefined ? '' : `the proxy ${proxy.shown} (${proxy.variable})`,
    async close() {
      early.close();
      await withinLimit(
        LONGEST_CLOSE_MS,
        () => new Error('not closed'),
        () => pool.destroy(),
      ).catch(() => {});
    },
  };
}

/**
 * How to send plain http to an HTTP proxy: the request's target is the whole URL
 * (https://www.rfc-editor.org/rfc/rfc9112#absolute-form). Undefined for https, and for other kinds of proxy.
 */
function forwarderFor(proxy: ProxyServer, url: URL): Forwarder | undefined {
  if (url.protocol !== 'http:' || !proxy.protocol.startsWith('http')) return undefined;
  const authorization = proxyAuthorization(proxy);
  const origin = new URL(proxy.shown);
  return {
    proxy,
    origin,
    options: { origin: origin.origin, servername: proxy.host },
    headers: { host: url.host, ...(authorization && { 'proxy-authorization': authorization }) },
  };
}
