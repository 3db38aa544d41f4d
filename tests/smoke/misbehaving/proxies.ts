import { createServer as createHttpServer, request } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { refusingAddress } from '../../support/refusing-address.ts';
import { type Case, drip, flood, listening, onRequests, rawServer, type World } from './case.ts';
import { socksServer } from './socks-server.ts';

/** A good service behind a proxy that does with a request for a tunnel what it is told to. */
function tunnelling(
  name: string,
  ends: Case['ends'],
  onConnection: (socket: Socket, world: World) => void,
  { scheme = 'http', login = '' } = {},
): Case {
  return {
    name: `proxy: ${name}`,
    ends,
    async serve(world) {
      const service = await goodService(world);
      const proxy = await rawServer((socket) => onConnection(socket, world));
      return behind(service, proxy, `${scheme}://${login}127.0.0.1:${proxy.port}`);
    },
  };
}

/** A SOCKS proxy in front of a good service. */
function socks(name: string, ends: Case['ends'], url: (port: number) => string, options = {}): Case {
  return {
    name: `proxy: ${name}`,
    ends,
    async serve(world) {
      const service = await goodService(world);
      const proxy = await listening(socksServer(options));
      return behind(service, proxy, url(proxy.port));
    },
  };
}

type Started = { port: number } & AsyncDisposable;

function behind(service: Started, proxy: AsyncDisposable, url: string) {
  return {
    url: `https://localhost:${service.port}`,
    env: { HTTPS_PROXY: url },
    async [Symbol.asyncDispose]() {
      await Promise.all([service, proxy].map((each) => each[Symbol.asyncDispose]()));
    },
  };
}

const goodService = ({ good }: World): Promise<Started> =>
  listening(createHttpsServer(good, (_, response) => response.end('ok')));

/** Answers the request for a tunnel. */
const answers = (text: string) => (socket: Socket) => onRequests(socket, () => void socket.write(text));

/** Opens the tunnel that it is asked for, with this login where it has one. */
function opens(socket: Socket, login?: string): void {
  socket.once('data', (data) => {
    const head = data.toString('latin1');
    const [, port] = /^CONNECT localhost:(\d+) /.exec(head) ?? [];
    const [, given] = /^proxy-authorization: (.*)\r$/im.exec(head) ?? [];
    if (given !== (login && `Basic ${btoa(login)}`)) {
      socket.destroy();
      return;
    }
    const target = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('close', () => target.destroy());
  });
}

const SILENT =
  /^no complete answer within [\d.]+ s: the proxy \S+:\d+ \(HTTPS_PROXY\) has opened no connection$/;
const TLS_SILENT = /^no complete answer within [\d.]+ s: the TLS handshake has not ended$/;
const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';
const named = (reason: string): RegExp => new RegExp(`^the proxy \\S+ \\(HTTPS_PROXY\\): ${reason}$`);

/** A service that is reached by plain http, and a proxy that passes requests on or does not. */
function forwarding(name: string, ends: Case['ends'], status: number | undefined): Case {
  return {
    name: `proxy: ${name}`,
    ends,
    async serve() {
      const service = await listening(createHttpServer((_, response) => response.end('ok')));
      const proxy = await listening(
        createHttpServer((incoming, outgoing) => {
          if (status !== undefined) return void outgoing.writeHead(status).end();
          request(incoming.url ?? '', { headers: incoming.headers }, (answer) => {
            outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
            answer.pipe(outgoing);
          }).end();
        }),
      );
      return {
        ...behind(service, proxy, ''),
        url: `http://127.0.0.1:${service.port}`,
        env: { http_proxy: `http://127.0.0.1:${proxy.port}` },
      };
    },
  };
}

export const proxies: readonly Case[] = [
  tunnelling('is silent', SILENT, () => {}),
  tunnelling('drips its answer', SILENT, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx: ');
    drip(socket);
  }),
  tunnelling('opens the tunnel, and is silent in it', TLS_SILENT, answers(ESTABLISHED)),
  tunnelling('opens the tunnel, and cuts it', /^the TLS handshake was cut \(ECONNRESET\)$/, (socket) =>
    onRequests(socket, () => void socket.end(ESTABLISHED)),
  ),
  tunnelling(
    'asks for a login',
    named('it asks for a login \\(407\\)'),
    answers('HTTP/1.1 407 Who\r\nproxy-authenticate: Basic realm="x"\r\ncontent-length: 0\r\n\r\n'),
  ),
  tunnelling(
    'does not take the login',
    named('it does not accept this login \\(407\\)'),
    answers('HTTP/1.1 407 Who\r\ncontent-length: 0\r\n\r\n'),
    { login: 'me:let-me-in@' },
  ),
  tunnelling(
    'cannot reach the service',
    named('it did not open a connection to localhost:\\d+ \\(502\\)'),
    answers('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'),
  ),
  tunnelling(
    'forbids the service, with a page',
    named('it did not open a connection to localhost:\\d+ \\(403\\)'),
    answers('HTTP/1.1 403 No\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>'),
  ),
  tunnelling('resets the connection', named('the connection was cut'), (socket) =>
    socket.once('data', () => socket.resetAndDestroy()),
  ),
  tunnelling('closes the connection', named('the connection was cut'), (socket) =>
    socket.once('data', () => socket.end()),
  ),
  tunnelling('does not speak HTTP', named('\\S+'), (socket) => socket.end('SSH-2.0-nope\r\n')),
  tunnelling('sends headers without an end', named('\\S+'), (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    flood(socket, `x: ${'y'.repeat(1000)}\r\n`);
  }),
  tunnelling('does not speak TLS', named('\\S+'), (socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n'), {
    scheme: 'https',
  }),
  {
    name: 'proxy: is not there',
    ends: named('the connection was refused'),
    async serve(world) {
      const nobody = await refusingAddress();
      const service = await goodService(world);
      return behind(service, nobody, nobody.host);
    },
  },
  {
    name: 'proxy: is not there for plain http',
    ends: /^the proxy http:\/\/127\.0\.0\.1:\d+ \(all_proxy\): the connection was refused$/,
    async serve() {
      const nobody = await refusingAddress();
      return { ...nobody, env: { all_proxy: nobody.host } };
    },
  },
  {
    name: 'proxy: has a certificate that nobody vouches for',
    ends: named('\\w*SELF_SIGNED\\w*'),
    async serve(world) {
      const service = await goodService(world);
      const proxy = await listening(createTlsServer(world.selfSigned, (socket) => opens(socket)));
      return behind(service, proxy, `https://localhost:${proxy.port}`);
    },
  },
  forwarding(
    'asks for a login for plain http',
    /^the proxy http:\S+ \(http_proxy\): it asks for a login \(407\)$/,
    407,
  ),
  forwarding('cannot reach the service by plain http', /^status 502$/, 502),
  forwarding('passes plain http on', 'passed', undefined),
  tunnelling('behaves', 'passed', (socket) => opens(socket)),
  tunnelling('behaves, with a login', 'passed', (socket) => opens(socket, 'me:let-me-in'), {
    login: 'me:let-me-in@',
  }),
  {
    name: 'proxy: behaves, over TLS',
    ends: 'passed',
    async serve(world) {
      const service = await goodService(world);
      const proxy = await listening(createTlsServer(world.good, (socket) => opens(socket)));
      return behind(service, proxy, `https://localhost:${proxy.port}`);
    },
  },
  socks('SOCKS, refuses', named('.*rejected.*'), (port) => `socks5h://127.0.0.1:${port}`, { refuses: true }),
  socks('SOCKS, is silent', SILENT, (port) => `socks5h://127.0.0.1:${port}`, { isSilent: true }),
  socks('SOCKS 5, looks names up', 'passed', (port) => `socks5h://127.0.0.1:${port}`, { takes: 'names' }),
  socks('SOCKS 5, does not look names up', 'passed', (port) => `socks5://127.0.0.1:${port}`, {
    takes: 'addresses',
  }),
  socks('SOCKS 5, with a login', 'passed', (port) => `socks5h://me:let-me-in@127.0.0.1:${port}`, {
    login: 'me:let-me-in',
  }),
  socks('SOCKS 4a', 'passed', (port) => `socks4a://127.0.0.1:${port}`),
  socks('SOCKS 4', 'passed', (port) => `socks4://127.0.0.1:${port}`),
];
