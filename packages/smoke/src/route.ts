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
import { loadConnector } from './undici-parts.ts';

/** What a connection that is not open yet waits for. */
export type Stage = 'lookup' | 'connect' | 'proxy' | 'tls';

/** A connection that could not be opened, with how far it got; the cause says why. */
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
  /** Rejects with a ConnectionFailure. */
  connected: Promise<Socket>;
  /** Resolves when connecting has begun, or has failed already. */
  begun: Promise<void>;
  /** Whether it has failed, or has been closed since. */
  isOver(): boolean;
  abandon(): void;
};

/** The way that all connections to the service take. */
export type Route = {
  open(target: buildConnector.Options): Opening;
  /** What the first of the connections waits for, as long as none has ever been opened. */
  waitingFor(): Stage | undefined;
};

export type RouteOptions = {
  timeoutMs: number;
  /** The proxy that connections are tunnelled through, or, when it forwards plain requests, end at. */
  proxy: ProxyServer | undefined;
  forwards: boolean;
  env: Environment;
};

/** Plans the way: directly, or through a proxy. Nothing is opened yet. */
export function planRoute({ timeoutMs, proxy, forwards, env }: RouteOptions): Route {
  const connect = loadConnector()({ allowH2: true, timeout: timeoutMs });
  const pending = new Set<{ stage: Stage }>();
  let everOpened = false;
  let trustsSystem = false;

  const attempt = (target: buildConnector.Options): Opening => {
    const state: { stage: Stage } = { stage: proxy === undefined ? 'lookup' : 'proxy' };
    pending.add(state);
    const abandoned = new AbortController();
    const begun = Promise.withResolvers<void>();
    let socket: Socket | undefined;
    let failed = false;

    const run = async (): Promise<Socket> => {
      let httpSocket: Socket | undefined;
      if (proxy !== undefined && !forwards) {
        begun.resolve();
        const signal = AbortSignal.any([abandoned.signal, AbortSignal.timeout(timeoutMs)]);
        const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80);
        httpSocket = await openTunnel(proxy, { host: target.hostname, port }, signal);
        socket = httpSocket;
        if (target.protocol !== 'https:') return httpSocket;
        state.stage = 'tls';
      }
      const { promise, resolve, reject } = Promise.withResolvers<Socket>();
      socket = connect({ ...target, ...(httpSocket && { httpSocket }) }, (error, opened) =>
        error === null ? resolve(opened) : reject(error),
      );
      if (httpSocket === undefined) {
        socket.once('connectionAttempt', begun.resolve);
        if (proxy === undefined) {
          socket.once('connectionAttempt', () => {
            state.stage = 'connect';
          });
          socket.once('connect', () => {
            state.stage = 'tls';
          });
        }
      }
      return promise;
    };

    const connected = run()
      .catch((error: unknown) => {
        failed = true;
        const isProxys = proxy !== undefined && forwards && !(error instanceof ProxyFailure);
        throw new ConnectionFailure(state.stage, isProxys ? ProxyFailure.from(proxy, error) : error);
      })
      .finally(() => {
        pending.delete(state);
        begun.resolve();
      });
    const opened = connected.then(
      () => {
        everOpened = true;
      },
      // Whoever wanted this connection learns of it; one that was opened early may have nobody.
      () => {},
    );
    void opened;
    return {
      connected,
      begun: begun.promise,
      isOver: () => failed || socket?.destroyed === true,
      abandon() {
        abandoned.abort();
        socket?.destroy();
      },
    };
  };

  return {
    open(target) {
      const couldTrustMore = !trustsSystem;
      let current = attempt(target);
      let isOver = false;
      const connected = current.connected.catch(async (error: ConnectionFailure) => {
        if (!couldTrustMore || !(isUntrusted(error.cause) || isUntrusted((error.cause as Error).cause))) {
          isOver = true;
          throw error;
        }
        await trustSystemCertificates(env);
        trustsSystem = true;
        current = attempt(target);
        return current.connected;
      });
      connected.catch(() => {
        isOver = true;
      });
      const { begun } = current;
      return { connected, begun, isOver: () => isOver, abandon: () => current.abandon() };
    },
    waitingFor: () => (everOpened ? undefined : pending.values().next().value?.stage),
  };
}
