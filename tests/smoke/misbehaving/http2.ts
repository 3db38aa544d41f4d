import {
  createSecureServer,
  type Http2SecureServer,
  type Http2Session,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTlsServer } from 'node:tls';
import { type Case, drip, flood, listening, type World } from './case.ts';

function over(
  server: (world: World) => Parameters<typeof listening>[0],
  name: string,
  ends: Case['ends'],
): Case {
  return {
    name: `HTTP/2: ${name}`,
    ends,
    async serve(world) {
      const { port, ...served } = await listening(server(world));
      return { ...served, url: `https://localhost:${port}` };
    },
  };
}

function streaming(
  name: string,
  ends: Case['ends'],
  onStream: (stream: ServerHttp2Stream, session: Http2Session) => void,
  options: { settings?: object } = {},
): Case {
  const server = ({ good }: World): Http2SecureServer => {
    const http2 = createSecureServer({ ...good, ...options });
    http2.on('session', (session: ServerHttp2Session) => session.on('error', () => {}));
    http2.on('stream', (stream: ServerHttp2Stream) => {
      stream.on('error', () => {});
      if (stream.session !== undefined) onStream(stream, stream.session);
    });
    return http2;
  };
  return over(server, name, ends);
}

const TIME_OUT = /^no complete answer within [\d.]+ s$/;

export const http2: readonly Case[] = [
  streaming('never answers', TIME_OUT, () => {}),
  streaming('drips its body', TIME_OUT, (stream) => {
    stream.respond({ ':status': 200 });
    drip(stream);
  }),
  streaming('sends a body without an end', /larger than 4 MiB|no complete answer/, (stream) => {
    stream.respond({ ':status': 200 });
    flood(stream, 'x'.repeat(0x10000));
  }),
  streaming('never ends its body', TIME_OUT, (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('ok');
  }),
  streaming('resets every stream', /^the server cancelled the request$/, (stream) => stream.close(2)),
  streaming(
    'resets every stream in the middle',
    /^the (?:server cancelled the request|connection was cut)$/,
    (stream) => {
      stream.respond({ ':status': 200 });
      stream.write('ok', () => stream.destroy(new Error('gone')));
    },
  ),
  streaming('says goodbye to every request', /^the (?:connection was cut|server gave)/, (stream, session) => {
    session.goaway(0, Math.max(0, (stream.id ?? 1) - 2));
    session.destroy();
  }),
  streaming('cuts the connection', /^the connection was cut$/, (_, session) => session.socket.destroy()),
  streaming(
    'lets nobody send anything',
    TIME_OUT,
    (stream) => stream.respond({ ':status': 200 }, { endStream: true }),
    { settings: { maxConcurrentStreams: 0 } },
  ),
  streaming('answers 404', /^status 404$/, (stream) =>
    stream.respond({ ':status': 404 }, { endStream: true }),
  ),
  over(
    ({ good }) =>
      createTlsServer({ ...good, ALPNProtocols: ['h2'] }, (socket) => {
        socket.on('error', () => {});
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      }),
    'agrees to it and speaks HTTP/1',
    /not HTTP\/2|the connection was cut|gave up the connection/,
  ),
  over(
    ({ good }) =>
      createTlsServer({ ...good, ALPNProtocols: ['h2'] }, (socket) => void socket.on('error', () => {})),
    'agrees to it and is silent',
    TIME_OUT,
  ),
  streaming('behaves', 'passed', (stream) => stream.respond({ ':status': 200 }, { endStream: true })),
];
