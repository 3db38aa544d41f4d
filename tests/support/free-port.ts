import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that the system chooses by itself, and apart from those of the emulator's programs. If the system had
// chosen the port, it might give it to another test's server before the program that it is for listens there.
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
