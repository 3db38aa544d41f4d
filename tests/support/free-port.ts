import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that systems give away by themselves, and apart from those of the emulator's programs: on a port that
// was the system's choice, a server of another test may listen before the one that it was meant for.
const FIRST_PORT = 11_000;
const PORTS = 9_000;

/** A port that nothing listens on, for a program that must be told one. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(false) : reject(error),
      );
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
