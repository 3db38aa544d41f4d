import type { ClientRequestArgs } from 'node:http';
import { Agent } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { openTunnel, type ProxyServer } from '@deploy/cli';

type Opened = (error: Error | null, socket?: Duplex) => void;

const TIMEOUT_MS = 20_000;

/** Opens connections that tunnel through a proxy, with TLS to the target if the target uses it. */
export class TunnelAgent extends Agent {
  readonly #proxy: ProxyServer;
  readonly #isSecure: boolean;

  constructor(proxy: ProxyServer, isSecure: boolean) {
    super({ keepAlive: true });
    this.#proxy = proxy;
    this.#isSecure = isSecure;
  }

  override createConnection(options: ClientRequestArgs, opened: Opened): undefined {
    const host = (options.host ?? '').replace(/^\[|\]$/g, '');
    const port = Number(options.port ?? (this.#isSecure ? 443 : 80));
    openTunnel(this.#proxy, { host, port }, AbortSignal.timeout(TIMEOUT_MS)).then(
      (socket) => opened(null, this.#isSecure ? connect({ socket, servername: host }) : socket),
      opened,
    );
  }
}
