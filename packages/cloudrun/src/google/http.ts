import type { ClientRequestArgs, Agent as HttpAgent, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import {
  type Environment,
  isUntrusted,
  openTunnel,
  type ProxyServer,
  proxyFor,
  trustSystemCertificates,
} from '@deploy/cli';

// An import of node:http would load undici as well, which takes 0.1 s of every start.
const http = process.getBuiltinModule('node:http');

export type HttpRequest = {
  method: string;
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  timeoutMs: number;
  /** Aborts the request. */
  signal?: AbortSignal | undefined;
};

export type HttpAnswer = { status: number; headers: IncomingHttpHeaders; text: string };

/**
 * Sends requests through the proxy that the environment names, if any, and trusts the operating system's certificates. Keeps
 * connections open for later requests. It uses Node's own client, because loading undici takes longer than a whole script
 * takes to start.
 */
export type Http = {
  /**
   * Throws the network's error when no complete answer comes in time, and a UserError when a variable names an unusable
   * proxy. Every status counts as an answer, including redirects.
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
};

const TUNNEL_TIMEOUT_MS = 20_000;

/** `isNear` says whether a URL is reached directly, whatever the environment says about proxies. */
export function openHttp(env: Environment, isNear: (url: URL) => boolean): Http {
  // Idle connections do not keep the process running, because agent.keepSocketAlive unrefs them.
  let agents = new Map<string, HttpAgent>();
  const agentFor = (target: URL): HttpAgent => {
    const proxy = isNear(target) ? undefined : proxyFor(target, env);
    const key = `${target.protocol} ${proxy?.shown}`;
    const agent = agents.get(key) ?? openAgent(proxy, target.protocol === 'https:');
    agents.set(key, agent);
    return agent;
  };

  const sendOnce = async ({
    method,
    url,
    headers = {},
    body,
    timeoutMs,
    signal,
  }: HttpRequest): Promise<HttpAnswer> => {
    const target = new URL(url);
    const send = target.protocol === 'http:' ? http.request : httpsRequest;
    const agent = agentFor(target);
    const timeout = AbortSignal.timeout(timeoutMs);
    const ending = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      send(target, { method, headers, agent, signal: ending })
        .once('response', resolve)
        .once('error', reject)
        .end(body);
    });
    answer.setEncoding('utf8');
    let text = '';
    for await (const chunk of answer) text += chunk;
    return { status: answer.statusCode ?? 0, headers: answer.headers, text };
  };

  return {
    async send(request) {
      try {
        return await sendOnce(request);
      } catch (error) {
        // The connection failed before anything was sent.
        if (!isUntrusted(error)) throw error;
        await trustSystemCertificates(env);
        agents = new Map();
        return sendOnce(request);
      }
    },
  };
}

function openAgent(proxy: ProxyServer | undefined, isSecure: boolean): HttpAgent {
  if (proxy !== undefined) return new TunnelAgent(proxy, isSecure);
  return isSecure ? new HttpsAgent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
}

type Opened = (error: Error | null, socket?: Duplex) => void;

/** Opens connections through a proxy, with TLS inside if the target uses it. */
class TunnelAgent extends HttpsAgent {
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
    openTunnel(this.#proxy, { host, port }, AbortSignal.timeout(TUNNEL_TIMEOUT_MS)).then(
      (socket) => opened(null, this.#isSecure ? connect({ socket, servername: host }) : socket),
      opened,
    );
  }
}
