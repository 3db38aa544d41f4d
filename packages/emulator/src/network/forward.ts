import type { Agent, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { request } from '../http.ts';
import type { RequestFate } from '../traffic/image-faults.ts';
import type { RoutedRequest } from '../traffic/routed-request.ts';

/** A revision to send a request to. */
export type Destination = {
  service: string;
  revision: string;
  /** The port of the revision's instance; undefined when there is none. */
  port: number | undefined;
  /** What the simulated faults of the revision's image do to this request. */
  fate: RequestFate | undefined;
  /** The cookie for session affinity, to be set in the answer. */
  setCookie: string | undefined;
};

export type ForwardOptions = {
  agent: Agent;
  clock: Clock;
  /** Called once for each request that was answered, when its answer has ended. */
  onRouted(request: RoutedRequest): void;
};

// Headers that belong to one connection and are not passed on: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'proxy-connection',
  'te',
  'trailer',
];

// Cloud Run's own messages: https://cloud.google.com/run/docs/troubleshooting
const NO_INSTANCE = 'The request was aborted because there was no available instance.';
const CONNECTION_LOST =
  'The request failed because either the HTTP response was malformed or connection to the instance had an error.';

/** Sends a request to a revision's container, or answers in its place because of a fault or a missing instance. */
export function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { service, revision, port, fate, setCookie }: Destination,
  { agent, clock, onRouted }: ForwardOptions,
): void {
  const startedAt = clock.now();
  const origin = performance.now();
  let requestBytes = headerBytes(incoming.rawHeaders);
  let responseBytes = 0;
  let reachedContainer = true;
  let message: string | undefined;
  // How long the request was paused: by the emulator's clock, and in real time. The latency is the request's real time,
  // except that the pause counts by the emulator's clock.
  let waitedMs = 0;
  let waitedWallMs = 0;
  const { failure, takesMs, factor = 1 } = fate ?? {};

  incoming.on('data', (chunk: Buffer) => {
    requestBytes += chunk.length;
  });
  outgoing.once('close', () => {
    if (!outgoing.headersSent) return;
    const { host = '' } = incoming.headers;
    onRouted({
      service,
      revision,
      startedAt,
      endedAt: clock.now(),
      latencyMs: takesMs ?? performance.now() - origin - waitedWallMs + waitedMs,
      method: incoming.method ?? 'GET',
      url: `http://${host}${incoming.url}`,
      status: outgoing.statusCode,
      requestBytes,
      responseBytes,
      userAgent: incoming.headers['user-agent'],
      referer: incoming.headers.referer,
      remoteIp: incoming.socket.remoteAddress ?? '127.0.0.1',
      protocol: `HTTP/${incoming.httpVersion}`,
      reachedContainer,
      ...(message !== undefined && { message }),
    });
  });

  const answerInstead = (status: number, body: string, type = 'text/plain'): void => {
    responseBytes += body.length;
    outgoing.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
  };
  const noInstance = fate?.noInstance ?? (port === undefined ? 503 : undefined);
  if (noInstance !== undefined) {
    incoming.resume();
    reachedContainer = false;
    message = NO_INSTANCE;
    answerInstead(noInstance, noInstance === 429 ? 'Rate exceeded.' : 'Service Unavailable');
    return;
  }

  /** Waits for the time that the image's faults add to the request. */
  const waitOut = async (ms: number): Promise<void> => {
    if (ms <= 0) return;
    const asleepAt = performance.now();
    // This does not use `clock.sleep`, because the emulator's clock may stand still until somebody reads the logs, and
    // whoever would read them may be waiting for this answer.
    await pause(ms / clock.speed);
    waitedMs = ms;
    waitedWallMs = performance.now() - asleepAt;
  };
  if (failure !== undefined) {
    // The request is kept from the container, whose log would otherwise show a success beside the failure.
    incoming.resume();
    void waitOut(takesMs ?? 0).then(() => {
      if (!outgoing.destroyed) answerInstead(failure, failureBody(failure), 'application/json');
    });
    return;
  }

  // The container may close an idle connection just when it is used again, without handling the request. A request that
  // is safe to repeat is then sent again over a new connection; any other gets a new connection from the start.
  const isRepeatable = canBeSentTwice(incoming);
  const send = (over: Agent | false): void => {
    const upstream = request(
      {
        host: '127.0.0.1',
        port,
        agent: over,
        method: incoming.method,
        path: incoming.url,
        headers: endToEnd(incoming.headers),
      },
      async (answer) => {
        await waitOut(takesMs ?? (performance.now() - origin) * (factor - 1));
        if (outgoing.destroyed) return;
        outgoing.writeHead(answer.statusCode ?? 502, withCookie(endToEnd(answer.headers), setCookie));
        answer.on('data', (chunk: Buffer) => {
          responseBytes += chunk.length;
        });
        // If the container's answer breaks off, `pipeline` cuts the caller's connection, so that the caller notices. If
        // the caller disconnects, it ends the container's answer.
        pipeline(answer, outgoing, () => {});
      },
    );
    upstream.on('error', () => {
      if (isRepeatable && upstream.reusedSocket && !outgoing.headersSent && !outgoing.destroyed)
        return send(false);
      message = CONNECTION_LOST;
      if (outgoing.headersSent) outgoing.destroy();
      else answerInstead(503, 'Service Unavailable');
    });
    outgoing.on('close', () => upstream.destroy());
    if (isRepeatable) upstream.end();
    else incoming.pipe(upstream);
  };
  if (isRepeatable) incoming.resume();
  send(isRepeatable && agent);
}

/**
 * Whether a request is safe to repeat (https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1) and has no body. A body
 * would have to be stored for a second attempt.
 */
function canBeSentTwice({ method, headers }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return (method === 'GET' || method === 'HEAD') && !hasBody;
}

function failureBody(status: number): string {
  const code = status === 422 ? 'invalid_request' : status === 503 ? 'service_unavailable' : 'internal_error';
  const message = 'Failed on purpose: the image has faults.';
  return JSON.stringify({ message, error: { code, message } });
}

function withCookie(headers: IncomingHttpHeaders, cookie: string | undefined): IncomingHttpHeaders {
  return cookie === undefined
    ? headers
    : { ...headers, 'set-cookie': [...(headers['set-cookie'] ?? []), cookie] };
}

function endToEnd<T extends Record<string, unknown>>(headers: T): T {
  const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name));
  return Object.fromEntries(kept) as T;
}

function headerBytes(rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((sum, text) => sum + text.length + 2, 0);
}
