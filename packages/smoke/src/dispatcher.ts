import type { Dispatcher } from 'undici';
import { connectEarly } from './early-connections.ts';
import type { HttpsProxy } from './proxy.ts';
import { loadConnector, loadPool } from './undici-parts.ts';

export type DispatcherOptions = {
  timeoutMs: number;
  /** As many as requests are in flight at once: a connection that had to be waited for would cost a round trip more. */
  connections: number;
  proxy: HttpsProxy | undefined;
};

export type OpenDispatcher = { dispatcher: Dispatcher; close(): Promise<void> };

// The largest thing that is read whole is the manifest, of a few kilobytes.
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Opens what all requests to one origin go through: a pool of connections, or a proxy where there is one. */
export async function openDispatcher(
  url: URL,
  { timeoutMs, connections, proxy }: DispatcherOptions,
): Promise<OpenDispatcher> {
  const limits = {
    connections,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: MAX_BODY_BYTES,
  };
  if (proxy !== undefined && url.protocol === 'https:') {
    const { EnvHttpProxyAgent } = await import('undici');
    const { url: httpsProxy, except: noProxy } = proxy;
    const agent = new EnvHttpProxyAgent({ ...limits, connect: { timeout: timeoutMs }, httpsProxy, noProxy });
    return { dispatcher: agent, close: () => agent.destroy() };
  }
  const early = connectEarly(url, connections, loadConnector()({ allowH2: true, timeout: timeoutMs }));
  await early.begun;
  const Pool = loadPool();
  const pool = new Pool(url.origin, {
    ...limits,
    // Every connection offers HTTP/2, but the pool is not told: it would open a first one alone, to learn what the
    // server speaks, and a server without HTTP/2 would cost two round trips more.
    allowH2: false,
    connect: early.connect,
  });
  return {
    dispatcher: pool,
    async close() {
      early.close();
      await pool.destroy();
    },
  };
}
