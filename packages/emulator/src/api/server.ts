import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import createRouter from 'find-my-way';
import type { Fault, FaultPlan } from '../faults.ts';
import type { RecordedRequest } from '../options.ts';
import type { Routes } from './call.ts';
import type { Json } from './descriptors.ts';
import { ApiError, errorBody, invalidArgument, notFound } from './errors.ts';

type Answer = { status: number; body: Json; headers?: Record<string, string> };

type ApiServerOptions = {
  routes: Routes;
  faults: FaultPlan;
  /** The account behind an authorization header; throws an ApiError when there must be one and is not. */
  identify(authorization: string | undefined): string;
  onAnswered(request: RecordedRequest): void;
};

/** The HTTP side of the API: routes calls to their handlers, lets faults happen, gives refusals their form. */
export function createApiServer({ routes, faults, identify, onAnswered }: ApiServerOptions): Server {
  const router = createRouter({ maxParamLength: 500 });
  for (const { method, path, handle } of routes) router.on(method, path, () => {}, { handle });

  const answer = async (request: IncomingMessage, url: URL): Promise<Answer> => {
    try {
      const body = await readJson(request);
      const person = identify(request.headers.authorization);
      const found = router.find((request.method ?? 'GET') as 'GET', url.pathname);
      if (found === null) throw notFound(url.pathname);
      const { handle } = found.store as Routes[number];
      return {
        status: 200,
        body: await handle({ params: found.params, query: url.searchParams, body, person }),
      };
    } catch (error) {
      if (error instanceof ApiError) return { status: error.httpStatus, body: errorBody(error) };
      return { status: 500, body: errorBody(new ApiError(500, 'INTERNAL', String(error))) };
    }
  };

  return createServer(async (request, response) => {
    const method = request.method ?? 'GET';
    const url = urlOf(request);
    const fault = faults.take(method, url.pathname);
    const early = await before(fault);
    if (early === 'cut') {
      request.socket.destroy();
      onAnswered({ method, path: url.pathname, status: 0 });
      return;
    }
    const answered = early ?? (await answer(request, url));
    onAnswered({ method, path: url.pathname, status: answered.status });
    send(response, answered, fault);
  });
}

/**
 * The URL of a request, whichever host it names: gcloud puts the region in front of the host of an endpoint, which then
 * resolves nowhere, so it is sent here as to a proxy, with the whole URL as its target.
 */
function urlOf(request: IncomingMessage): URL {
  const path = (request.url ?? '/').replace(/^https?:\/\/[^/]*/, '');
  return new URL(`http://emulator${path.startsWith('/') ? path : `/${path}`}`);
}

/** What a fault does before the request is taken: an answer in its place, a cut connection, or only time. */
async function before(fault: Fault | undefined): Promise<Answer | 'cut' | undefined> {
  switch (fault?.kind) {
    case 'error': {
      const { httpStatus, status, message, headers } = fault;
      return {
        status: httpStatus,
        body: errorBody(new ApiError(httpStatus, status, message)),
        ...(headers && { headers }),
      };
    }
    case 'reset':
      await fault.act?.();
      return fault.when === 'before' ? 'cut' : undefined;
    case 'stall':
      // Not kept alive by this pause: whoever closes the emulator does not wait for it.
      await pause(fault.ms, undefined, { ref: false });
      return undefined;
    case 'first':
      await fault.act();
      return undefined;
    default:
      return undefined;
  }
}

function send(response: ServerResponse, { status, body, headers }: Answer, fault: Fault | undefined): void {
  const text = fault?.kind === 'not-json' ? '<html>Bad gateway</html>' : JSON.stringify(body);
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
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw invalidArgument('Invalid JSON payload received.');
  }
}
