import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import type { Emulator } from '@deploy/emulator';
import { forwardTo } from './forward.ts';
import { createServer } from './http.ts';
import { type LocalCertificate, localCertificate } from './tls.ts';

/** Google's hosts, served by an emulator over TLS, which can be reached only through an HTTP proxy. */
export type GoogleBehindProxy = {
  /** For HTTPS_PROXY and the like. */
  proxyUrl: string;
  /** `host:port` of every tunnel that was asked for, in order, each once. */
  tunnels(): string[];
  /** What was asked of hosts that hand out tokens: `host path`. */
  tokenRequests: readonly string[];
  /** From now on, the proxy refuses so many tunnels with this status. */
  refuseTunnels(status: number, times: number): void;
  [Symbol.asyncDispose](): Promise<void>;
};

/** A certificate for Google's hosts. */
export const googleCertificate = (): Promise<LocalCertificate> =>
  localCertificate('*.googleapis.com', '*.pkg.dev');

/**
 * `accessToken`: what the hosts that hand out tokens give. `federated`: what a workload elsewhere gets for its own token,
 * one after the other, without being told how long it lasts.
 */
export async function googleBehindProxy(
  cloud: Pick<Emulator, 'url'>,
  certificate: Pick<LocalCertificate, 'key' | 'cert'>,
  accessToken: string,
  federated: string[] = [],
): Promise<GoogleBehindProxy> {
  const tokenRequests: string[] = [];
  const toCloud = forwardTo(cloud.url);
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { host = '' } = request.headers;
    const token = tokenAnswer(host, request.url ?? '', { accessToken, federated });
    if (token === undefined) {
      request.headers['x-forwarded-proto'] = 'https';
      toCloud(request, response);
      return;
    }
    tokenRequests.push(`${host} ${request.url}`);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(token));
  };
  const google = createTlsServer({ key: certificate.key, cert: certificate.cert }, answer);
  await listening(google);

  const asked: string[] = [];
  const refusals: number[] = [];
  const sockets = new Set<Socket>();
  const keep = <T extends Socket>(socket: T): T => {
    sockets.add(socket.once('close', () => sockets.delete(socket)).on('error', () => {}));
    return socket;
  };
  const proxy = createServer((_, response) => void response.writeHead(405).end());
  proxy.on('connection', keep);
  // Whatever host the tunnel is for, it ends at the stand-in for Google.
  proxy.on('connect', ({ url = '' }: IncomingMessage, client: Socket, head: Buffer) => {
    asked.push(url);
    const refusal = refusals.shift();
    if (refusal !== undefined) {
      client.end(`HTTP/1.1 ${refusal} Refused\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const upstream = keep(connect(portOf(google), '127.0.0.1'));
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
  });
  await listening(proxy);

  return {
    proxyUrl: `http://127.0.0.1:${portOf(proxy)}`,
    tunnels: () => [...new Set(asked)],
    tokenRequests,
    refuseTunnels: (status, times) => void refusals.push(...Array<number>(times).fill(status)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      google.closeAllConnections();
      await Promise.all([
        new Promise((resolve) => google.close(resolve)),
        new Promise((resolve) => proxy.close(resolve)),
      ]);
    },
  };
}

/** What the hosts that hand out tokens, or tell whose one is, answer; undefined for all others. */
function tokenAnswer(
  host: string,
  url: string,
  { accessToken, federated }: { accessToken: string; federated: string[] },
): unknown {
  switch (host) {
    case 'oauth2.googleapis.com':
      return url.startsWith('/tokeninfo')
        ? { email: 'owner-of-the-token@example.com' }
        : { access_token: accessToken, expires_in: 3600, token_type: 'Bearer' };
    case 'sts.googleapis.com': {
      const next = federated.shift();
      return {
        access_token: next ?? 'federated-token-0123456789',
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: 'Bearer',
        ...(next === undefined && { expires_in: 3600 }),
      };
    }
    case 'iamcredentials.googleapis.com':
      return { accessToken, expireTime: new Date(Date.now() + 3_600_000).toISOString() };
    default:
      return undefined;
  }
}

async function listening(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
