import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Environment } from '@deploy/cli';
import type { Authority, Pair } from '../../support/authority.ts';

/** A server that does not behave, and the right verdict about it. */
export type Case = {
  name: string;
  serve(world: World): Promise<Served>;
  /** What a failed check says that it got, or that all is well. */
  ends: RegExp | 'passed';
  /** What is advised. */
  hint?: RegExp;
};

export type Served = AsyncDisposable & { url: string; env?: Environment };

/** The certificates of all cases. The first authority is trusted, by way of CURL_CA_BUNDLE; the second is not. */
export type World = { trusted: Authority; stranger: Authority; good: Pair; selfSigned: Pair };

/** A server that does whatever it likes with each connection. */
export async function rawServer(
  onConnection: (socket: Socket) => void,
): Promise<{ port: number } & AsyncDisposable> {
  return listening(createServer(onConnection));
}

/** Starts any server on a free port; its connections end with it. */
export async function listening(server: Server): Promise<{ port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  for (const event of ['connection', 'secureConnection', 'connect']) {
    server.on(event, (first, second) => {
      const socket: Socket = event === 'connect' ? second : first;
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    });
  }
  server
    .on('tlsClientError', () => {})
    .on('sessionError', () => {})
    .on('clientError', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close').catch(() => {});
    },
  };
}

/** Calls back once for each request that arrives on a connection, with its head. */
export function onRequests(socket: Socket, answer: (head: string) => void): void {
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      answer(text.slice(0, end));
      text = text.slice(end + 4);
    }
  });
}

/** Writes a letter every 50 ms, for ever: no pause is long enough for any limit but the total one. */
export function drip(socket: Writable, letter = 'x'): void {
  const timer = setInterval(() => socket.write(letter), 50);
  socket.on('close', () => clearInterval(timer));
}

/** Writes without an end, as fast as it is taken. */
export function flood(socket: Writable, chunk: string): void {
  const more = (): void => void (socket.writable && socket.write(chunk, more));
  more();
}
