import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { cleanLine } from './clean-text.ts';
import { errorCode, errorMessage } from './errors.ts';
import { networkFailure } from './network-failure.ts';
import { type ProxyServer, proxyAuthorization } from './proxy.ts';

/** Thrown when a proxy does not open a connection. The message names the proxy and the variable that it comes from. */
export class ProxyFailure extends Error {
  override readonly name = 'ProxyFailure';
  /** What to do next, if known. */
  readonly hint: string | undefined;
  /** The status with which the proxy refused to open a connection. */
  readonly status: number | undefined;

  constructor(
    { shown, variable }: ProxyServer,
    reason: string,
    options: { hint?: string; status?: number; cause?: unknown } = {},
  ) {
    super(`the proxy ${shown} (${variable}): ${reason}`, { cause: options.cause });
    this.hint = options.hint;
    this.status = options.status;
  }

  /** The failure of a proxy that cannot be reached at all. */
  static from(proxy: ProxyServer, error: unknown): ProxyFailure {
    const code = errorCode(error);
    const reason = networkFailure(code) ?? (code || cleanLine(errorMessage(error), 120));
    const hint = `Check ${proxy.variable}, and whether that proxy is up.`;
    return new ProxyFailure(proxy, reason, { hint, cause: error });
  }

  static loginAsked(proxy: ProxyServer): ProxyFailure {
    const reason =
      proxy.login === undefined ? 'it asks for a login (407)' : 'it does not accept this login (407)';
    const hint = `Put the login into ${proxy.variable}: ${proxy.protocol}://user:password@host:port`;
    return new ProxyFailure(proxy, reason, { hint });
  }
}

/**
 * Opens a connection to a host through a proxy, with CONNECT (https://www.rfc-editor.org/rfc/rfc9110#CONNECT) or with
 * SOCKS. TLS to the host is up to the caller. Throws a ProxyFailure, or the signal's reason when it aborts; in both
 * cases the connection is closed.
 */
export async function openTunnel(
  proxy: ProxyServer,
  target: { host: string; port: number },
  signal: AbortSignal,
): Promise<Socket> {
  const open = proxy.protocol.startsWith('http') ? openHttpTunnel : openSocksTunnel;
  try {
    return await open(proxy, target, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ProxyFailure) throw error;
    throw ProxyFailure.from(proxy, error);
  }
}

type Open = typeof openTunnel;

const openHttpTunnel: Open = async (proxy, { host, port }, signal) => {
  const { request } = process.getBuiltinModule(proxy.protocol === 'https' ? 'node:https' : 'node:http');
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const authorization = proxyAuthorization(proxy);
  const asking = request({
    host: proxy.host,
    port: proxy.port,
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...(authorization && { 'proxy-authorization': authorization }) },
    agent: false,
    signal,
  });
  const { answer, socket, head } = await answerOf(asking);
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) {
    if (head.length > 0) socket.unshift(head);
    return socket;
  }
  socket.destroy();
  if (status === 407) throw ProxyFailure.loginAsked(proxy);
  throw new ProxyFailure(proxy, `it did not open a connection to ${authority} (${status})`, {
    hint: `Ask the proxy's operators, or exempt the host: NO_PROXY=${host}`,
    status,
  });
};

type ConnectAnswer = { answer: IncomingMessage; socket: Socket; head: Buffer };

function answerOf(asking: ClientRequest): Promise<ConnectAnswer> {
  return new Promise((resolve, reject) => {
    asking.once('connect', (answer, socket, head) => {
      // An error before the caller adds its own listener would otherwise crash the process.
      socket.on('error', () => {});
      resolve({ answer, socket: socket as Socket, head });
    });
    asking.once('error', reject);
    asking.end();
  });
}

const openSocksTunnel: Open = async (proxy, { host, port }, signal) => {
  const [{ SocksClient }, { connect }] = await Promise.all([import('socks'), import('node:net')]);
  const version = proxy.protocol.startsWith('socks4') ? 4 : 5;
  const destination =
    proxy.protocol.endsWith('4') || proxy.protocol.endsWith('5') ? await addressOf(host, version) : host;
  const socket = connect({ host: proxy.host, port: proxy.port, signal });
  socket.on('error', () => {});
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const { login } = proxy;
  try {
    await SocksClient.createConnection({
      existing_socket: socket,
      command: 'connect',
      proxy: {
        host: proxy.host,
        port: proxy.port,
        type: version,
        ...(login && { userId: login.user, password: login.password.reveal() }),
      },
      destination: { host: destination, port },
      // The signal sets the real limit. The library's own timeout only has to be longer than anyone will wait.
      timeout: 24 * 3600 * 1000,
    });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
};

/**
 * The address of a host. With `socks4` and `socks5`, the client has to resolve the name, not the proxy. Version 4 does
 * not support IPv6.
 */
async function addressOf(host: string, version: 4 | 5): Promise<string> {
  const { lookup } = await import('node:dns/promises');
  return (await lookup(host, version === 4 ? { family: 4 } : {})).address;
}
