import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/**
 * An address of this machine that refuses connections for as long as it is held: the near end of a connection, which
 * nobody listens on and the system gives to nobody else. A port that was only free a moment ago may be taken by
 * another test.
 */
export async function refusingAddress(): Promise<{
  host: string;
  url: string;
  /** From here on it is held until the process ends, and does not keep the process from ending. */
  unref(): void;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const server = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  const host = `127.0.0.1:${client.localPort}`;
  return {
    host,
    url: `http://${host}`,
    unref() {
      for (const each of [server, client, accepted]) each.unref();
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
