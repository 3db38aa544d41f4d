import type { Socket } from 'node:net';
import {
  type Environment,
  isUntrusted,
  openTunnel,
  ProxyFailure,
  type ProxyServer,
  trustSystemCertificates,
} from '@deploy/cli';
import type { buildConnector } from 'undici';
import { type Connect, loadConnector } from './undici-parts.ts';

/** What a connection is waiting for before it is open. */
export type Stage = 'lookup' | 'connect' | 'proxy' | 'tls';

/** A connection that could not be opened. `stage` is how far it got, and `cause` says what went wrong. */
export class ConnectionFailure extends Error {
  override readonly name = 'ConnectionFailure';
  readonly stage: Stage;

  constructor(stage: Stage, cause: unknown) {
    super(`no connection: ${stage}`, { cause });
    this.stage = stage;
  }
}

/** A connection being opened. */
export type Opening = {
  /** The open connection. Rejects with a ConnectionFailure. */
  connected: Promise<Socket>;
  /** Resolves when connecting has begun, or has failed already. */
  begun: Promise<void>;
  /** Whether the connection has failed, or has been closed. */
  isOver(): boolean;
  abandon(): void;
};

/** The route that all connections to the service take. */
export type Route = {
  open(target: buildConnector.Options): Opening;
  /** What the first connection is waiting for; undefined once any connection has opened. */
  waitingFor(): Stage | undefined;
};

export type RouteOptions = {
  timeoutMs: number;
  proxy: ProxyServer | undefined;
  /** Whether the proxy takes plain requests and forwards them. If not, connections go through it in a tunnel. */
  forwards: boolean;
  env: Environment;
};

/** Plans the route: direct, or through a proxy. Opens nothing yet. */
export function planRoute({ timeoutMs, proxy, forwards, env }: RouteOptions): Route {
  const connect = loadConnector()({ allowH2: true, timeout: timeoutMs });
  const tunnelled = proxy !== undefined && !forwards ? proxy : undefined;
  const pending = new Set<Attempt>();
  let everOpened = false;
  let trustsSystem = false;

  const begin = (target: buildConnector.Options): Attempt & { connected: Promise<Socket> } => {
    const attempt = new Attempt(proxy === undefined ? 'lookup' : 'proxy');
    pending.add(attempt);
    const run = async (): Promise<Socket> => {
      if (tunnelled === undefined) return attempt.connect(connect, target);
      attempt.begun.resolve();
      const signal = AbortSignal.any([attempt.abandoned.signal, AbortSignal.timeout(timeoutMs)]);
      const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80);
      const httpSocket = await openTunnel(tunnelled, { host: target.hostname, port }, signal);
      if (target.protocol !== 'https:') return httpSocket;
      attempt.stage = 'tls';
      return attempt.connect(connect, { ...target, httpSocket });
    };
    const connected = run()
      .catch((error: unknown) => {
        const endsAtProxy = proxy !== undefined && forwards;
        throw new ConnectionFailure(attempt.stage, endsAtProxy ? ProxyFailure.from(proxy, error) : error);
      })
      .finally(() => {
        pending.delete(attempt);
        attempt.begun.resolve();
      });
    return Object.assign(attempt, { connected });
  };

  return {
    open(target) {
      const couldTrustMore = !trustsSystem;
      let current = begin(target);
      let socket: Socket | undefined;
      let failed = false;
      const connected = current.connected.catch(async (failure: ConnectionFailure) => {
        if (!couldTrustMore || !isUntrusted(rootOf(failure))) throw failure;
        await trustSystemCertificates(env);
        trustsSystem = true;
        current = begin(target);
        return current.connected;
      });
      connected.then(
        (opened) => {
          socket = opened;
          everOpened = true;
        },
        // Handle the rejection here as well: a connection that was opened early may have no caller yet, and an
        // unhandled rejection would end the process.
        () => {
          failed = true;
        },
      );
      return {
        connected,
        begun: current.begun.promise,
        isOver: () => failed || socket?.destroyed === true,
        abandon() {
          current.abandon();
          socket?.destroy();
        },
      };
    },
    waitingFor: () => (everOpened ? undefined : pending.values().next().value?.stage),
  };
}

/** One attempt to open a connection, and how far it has got. */
class Attempt {
  stage: Stage;
  readonly abandoned = new AbortController();
  readonly begun = Promise.withResolvers<void>();
  #socket: Socket | undefined;

  constructor(stage: Stage) {
    this.stage = stage;
  }

  connect(open: Connect, target: Parameters<Connect>[0]): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = open(target, (error, opened) => (error === null ? resolve(opened) : reject(error)));
      this.#socket = socket;
      socket.once('connectionAttempt', () => {
        this.begun.resolve();
        if (this.stage === 'lookup') this.stage = 'connect';
      });
      socket.once('connect', () => {
        if (this.stage === 'connect') this.stage = 'tls';
      });
    });
  }

  abandon(): void {
    this.abandoned.abort();
    this.#socket?.destroy();
  }
}

/** The root cause of a failure, even if the proxy reported it. */
function rootOf({ cause }: ConnectionFailure): unknown {
  return cause instanceof ProxyFailure && cause.cause !== undefined ? cause.cause : cause;
}
