import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

// Below the ports that the system chooses by itself, and apart from those of the emulator's programs. If the system had
// chosen the port, it might give it to another test's server before the program that it is for listens there.
const FIRST_PORT = 11_000;
const PORTS = 4_500;

/**
 * A port that nothing listens on, for a program that must be told one. No test is given the same one until this process
 * ends: until then, the process listens on another port that stands for it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    const claim = await listenOn(port + PORTS);
    if (claim === undefined) continue;
    const server = await listenOn(port);
    if (server === undefined) {
      await closed(claim);
      continue;
    }
    await closed(server);
    claim.unref();
    return port;
  }
}

/** A server on this port; undefined if the port is taken, or not for this user. */
function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(undefined) : reject(error),
    );
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
