import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

// An `import` of node:http would load undici as well, which takes 0.1 s of every start.
export const { Agent, createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http');

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
