import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, FaultPlan } from '../faults.ts';
import { createServer } from '../http.ts';
import type { RecordedRequest } from '../options.ts';
import type { Json } from '../protocol/descriptors.ts';
import { ApiError, errorBody, invalidArgument, notFound } from '../protocol/errors.ts';
import { RawAnswer, type Routes } from './call.ts';
import { createRouter } from './router.ts';

type Answer = { status: number; body: Json | string; headers?: Readonly<Record<string, string>> };

type ApiServerOptions = {
  routes: Routes;
  faults: FaultPlan;
  /**
   * The account that an authorization header stands for. Throws an ApiError when the header is required and missing.
   */
  identify(authorization: string | undefined): string;
  onAnswered(request: RecordedRequest): void;
  /** Aborted when the emulator stops, which ends stalled requests. */
  stopping: AbortSignal;
  /** The time in the answers' `date` header, in milliseconds since 1970. */
  now(): number;
};

/** What had been read of a request by the time it was answered or failed. */
type Seen = { body?: unknown; person?: string };

/** The HTTP side of the API: routes calls to handlers, applies faults, formats refusals. */
export function createApiServer(options: ApiServerOptions): Server {
  const { routes, faults, identify, onAnswered, stopping, now } = options;
  const find = createRouter(routes);

  const answer = async (
    request: IncomingMessage,
    target: Target,
    seen: Seen,
    fault: Fault | undefined,
  ): Promise<Answer> => {
    try {
      seen.body = await readJson(request);
      const { authorization } = request.headers;
      const found = find(request.method ?? 'GET', target.path);
      const person = found?.route.ownLogin ? 'a client of the registry' : identify(authorization);
      seen.person = person;
      if (found === undefined) throw notFound(target.path);
      const { path: _, ...asked } = target;
      const fate = fault?.kind === 'operation' ? fault.fate : undefined;
      const call = { ...asked, params: found.params, body: seen.body ?? {}, person, authorization, fate };
      const given = await found.route.handle(call);
      return given instanceof RawAnswer
        ? { status: given.status, body: given.text, headers: given.headers }
        : { status: 200, body: given };
    } catch (error) {
      return refusal(error);
    }
  };

  const server = createServer(async (request, response) => {
    const method = request.method ?? 'GET';
    const target = targetOf(request);
    const seen: Seen = {};
    const record = (status: number): void =>
      onAnswered({
        method,
        path: target.path,
        query: target.query.toString(),
        body: seen.body,
        person: seen.person,
        status,
      });
    const fault = faults.take(method, target.path);
    if (fault?.kind === 'refuse') stopListening(server, fault.ms, stopping);
    const early = await before(fault, response, stopping).catch(refusal);
    if (stopping.aborted) return void response.destroy();
    if (early === 'cut') {
      request.socket.destroy();
      return record(0);
    }
    const answered = early ?? (await answer(request, target, seen, fault));
    record(answered.status);
    response.setHeader('date', new Date(now()).toUTCString());
    send(response, answered, fault);
  });
  return server;
}

/** Closes the port and every connection, and listens again after `ms`. */
function stopListening(server: Server, ms: number, stopping: AbortSignal): void {
  const { port, address } = server.address() as AddressInfo;
  server.close();
  server.closeAllConnections();
  setTimeout(() => {
    if (!stopping.aborted) server.listen(port, address);
  }, ms).unref();
}

function refusal(error: unknown): Answer {
  const refused = error instanceof ApiError ? error : new ApiError(500, 'INTERNAL', String(error));
  return { status: refused.httpStatus, body: errorBody(refused) };
}

type Target = { path: string; query: URLSearchParams; region: string | undefined; origin: string };

/**
 * Reads which path, region and origin a request is for. gcloud puts the region in front of an endpoint's host name, and
 * the resulting name does not resolve. The rehearsal therefore makes this server gcloud's proxy, so gcloud's requests
 * arrive with a whole URL as their target.
 */
function targetOf(request: IncomingMessage): Target {
  const [, proxied, path] = /^https?:\/\/([^/?]*)(.*)$/.exec(request.url ?? '') ?? [];
  const host = proxied ?? request.headers.host ?? '';
  const rest = path ?? request.url ?? '/';
  const url = new URL(`http://emulator${rest.startsWith('/') ? rest : `/${rest}`}`);
  const [, region] = /^([a-z]+-[a-z]+\d+)-/.exec(host) ?? [];
  // A proxy that adds TLS in front of this server sets this header, as load balancers do.
  const scheme = request.headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  return { path: url.pathname, query: url.searchParams, region, origin: `${scheme}://${host}` };
}

/** What a fault does before the request is handled: it answers instead, cuts the connection, waits, or calls `act`. */
async function before(
  fault: Fault | undefined,
  response: ServerResponse,
  stopping: AbortSignal,
): Promise<Answer | 'cut' | undefined> {
  switch (fault?.kind) {
    case 'error': {
      const { httpStatus, status, message, details, headers } = fault;
      return {
        status: httpStatus,
        body: errorBody(new ApiError(httpStatus, status, message, details)),
        ...(headers && { headers }),
      };
    }
    case 'page': {
      const { httpStatus, title, headers } = fault;
      const body = `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
      return { status: httpStatus, body, headers: { 'content-type': 'text/html', ...headers } };
    }
    case 'reset':
      await fault.act?.();
      return fault.when === 'before' ? 'cut' : undefined;
    case 'refuse':
      return 'cut';
    case 'stall':
      await pause(fault.ms, undefined, { signal: stopping }).catch(() => {});
      return undefined;
    case 'hold': {
      const leaving = new AbortController();
      response.once('close', () => leaving.abort());
      await fault.until(leaving.signal);
      return leaving.signal.aborted ? 'cut' : undefined;
    }
    case 'first':
      await fault.act();
      return undefined;
    default:
      return undefined;
  }
}

function send(response: ServerResponse, { status, body, headers }: Answer, fault: Fault | undefined): void {
  const given = typeof body === 'string' ? body : JSON.stringify(body);
  const text = fault?.kind === 'not-json' ? (fault.body ?? '<html>Bad gateway</html>') : given;
  if (fault?.kind === 'reset') {
    response.destroy();
    return;
  }
  response.writeHead(status, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  if (fault?.kind === 'cut-body') {
    response.write(text.slice(0, text.length / 2), () => response.destroy());
    return;
  }
  response.end(text);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw invalidArgument('Invalid JSON payload received.');
  }
}
