import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from './http.ts';

/** A request as the recordings write it down. */
export type RecordedExchange = {
  method: string;
  path: string;
  auth: string | null;
  cookie: string | null;
  type: string | null;
  body: string;
};

/** What differs from a healthy control service: a status, a header's value or a path, by the recordings' names. */
export type Scenario = Record<string, unknown>;

type Reply = { status: number; headers?: Record<string, string>; body?: string };

const MANIFEST_JS = 'assets/openagents_web_shell.js';

/** The server that the shell scripts were recorded against: it answers by the scenario and writes down what it sees. */
export async function recordedService(scenario: Scenario) {
  const seen: RecordedExchange[] = [];
  const server = createServer(async (request, response) => {
    const exchange = await writeDown(request);
    seen.push(exchange);
    send(response, request.method, answer(exchange, scenario));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function writeDown(request: IncomingMessage): Promise<RecordedExchange> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { authorization, cookie, 'content-type': type } = request.headers;
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    auth: authorization ?? null,
    cookie: cookie ?? null,
    type: type ?? null,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function send(
  response: ServerResponse,
  method: string | undefined,
  { status, headers = {}, body = '' }: Reply,
): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(method === 'HEAD' ? undefined : body);
}

function answer({ path, auth, cookie }: RecordedExchange, scenario: Scenario): Reply {
  const status = (name: string, byDefault: number): Reply => ({
    status: Number(scenario[name] ?? byDefault),
  });
  const text = (name: string, byDefault: string): string => String(scenario[name] ?? byDefault);
  const js = text('js', MANIFEST_JS);
  const isAllowed =
    path === '/readyz' || path === '/healthz' || cookie === 'oa_maintenance_bypass=signed.value';
  if (scenario.maintenance === true && path === '/?maintenance_bypass=let-me-in') {
    const setCookie =
      'oa_maintenance_bypass=signed.value; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=900';
    return { status: 307, headers: { location: '/', 'set-cookie': setCookie } };
  }
  if (scenario.maintenance === true && !isAllowed) return { status: 503, body: 'Maintenance in progress' };
  const isKnown = auth === `Bearer ${text('token', 'tok-good')}`;
  switch (path) {
    case '/healthz':
      return status('healthz', 200);
    case '/readyz':
      return status('readyz', 200);
    case '/api/v1/control/status':
      return status('control_status', isKnown ? 200 : 401);
    case '/manifest.json': {
      const manifest = { manifestVersion: text('manifest_version', 'openagents.webshell.v2'), entry: { js } };
      return {
        ...status('manifest_status', 200),
        headers: { 'cache-control': text('manifest_cache', 'no-cache, no-store, must-revalidate') },
        body: JSON.stringify(manifest, null, 2),
      };
    }
    case '/sw.js':
      return {
        ...status('sw_status', 200),
        headers: { 'cache-control': text('sw_cache', 'no-cache, no-store, must-revalidate') },
      };
    case `/${js}`:
      return {
        ...status('js_status', 200),
        headers: { 'cache-control': text('js_cache', 'public, max-age=60') },
      };
    case '/api/auth/session':
    case '/api/v1/auth/session':
      return status('session', isKnown ? 200 : 401);
    case '/api/sync/token':
    case '/api/v1/sync/token':
      return status('sync', isKnown ? 200 : 401);
    default:
      return { status: 200, body: '<!doctype html>' };
  }
}
