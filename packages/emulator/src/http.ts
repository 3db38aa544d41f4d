import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

// An `import` of node:http would load undici as well, which takes 0.1 s of every start.
const http = process.getBuiltinModule('node:http');
export const { Agent, request, STATUS_CODES } = http;

/**
 * How long an idle connection stays open, as at Google's load balancers:
 * https://cloud.google.com/load-balancing/docs/https#timeouts_and_retries
 *
 * Node would close it after 5 s. A client that gets no processor time for a few seconds may send its next request just
 * then, and that request would fail.
 */
const KEEP_ALIVE_MS = 610_000;

export function createServer(listener?: RequestListener): Server {
  return http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener);
}

/** Starts listening on this machine. Resolves with the port, by default a free one; rejects if the port is taken. */
export async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Closes the port and every connection. */
export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
