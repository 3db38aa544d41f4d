import type { Agent, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import {
  type Environment,
  isUntrusted,
  type ProxyServer,
  proxyFor,
  trustSystemCertificates,
} from '@deploy/cli';

// Loads the module on the first request, because loading node:https takes 20 ms and dry runs send nothing. An `import`
// of node:http would also load undici, which takes another 0.1 s.
const clientFor = (isSecure: boolean) => process.getBuiltinModule(isSecure ? 'node:https' : 'node:http');

export type HttpRequest = {
  method: string;
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
};

export type HttpAnswer = { status: number; headers: IncomingHttpHeaders; text: string };

/**
 * Sends requests through the proxy that the environment names, if any, and trusts the operating system's certificates.
 * Keeps connections open for later requests. It uses Node's own client, because loading undici takes longer than a
 * whole script takes to start.
 */
export type Http = {
  /**
   * Throws the network's error when no complete answer comes in time, and a UserError when a variable names an unusable
   * proxy. Every status counts as an answer, including redirects.
   */
  send(request: HttpRequest): Promise<HttpAnswer>;
};

/** `isNear` says whether a URL is reached directly, whatever the environment says about proxies. */
export function openHttp(env: Environment, isNear: (url: URL) => boolean): Http {
  // Idle connections do not keep the process running, because agent.keepSocketAlive unrefs them.
  let agents = new Map<string, Promise<Agent>>();
  const agentFor = (target: URL, isSecure: boolean): Promise<Agent> => {
    const proxy = isNear(target) ? undefined : proxyFor(target, env);
    const key = `${target.protocol} ${proxy?.shown}`;
    const agent = agents.get(key) ?? openAgent(proxy, isSecure);
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
    const isSecure = target.protocol === 'https:';
    const agent = await agentFor(target, isSecure);
    const timeout = AbortSignal.timeout(timeoutMs);
    const ending = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      clientFor(isSecure)
        .request(target, { method, headers, agent, signal: ending })
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
        // Repeating is safe: an untrusted certificate ends the connection before the request is sent.
        if (!isUntrusted(error)) throw error;
        await trustSystemCertificates(env);
        agents = new Map();
        return sendOnce(request);
      }
    },
  };
}

async function openAgent(proxy: ProxyServer | undefined, isSecure: boolean): Promise<Agent> {
  if (proxy === undefined) return new (clientFor(isSecure).Agent)({ keepAlive: true });
  const { TunnelAgent } = await import('./tunnel-agent.ts');
  return new TunnelAgent(proxy, isSecure);
}
