import type { Config } from './config.ts';
import { apiError, type Exchange, json, type Reply, unauthorized } from './exchange.ts';
import { createLogin } from './login.ts';
import type { Observability } from './observability.ts';
import { authorize } from './policy.ts';
import { createRouteSplit } from './route-split.ts';
import { type Session, type Sessions, showSession, userOf } from './sessions.ts';
import { buildIdOf, createStaticFiles } from './static-files.ts';
import { mintSyncToken } from './sync-token.ts';

const SERVICE = 'openagents-control-service';
const VERSION = '0.1.0';

type Handler = (exchange: Exchange) => Reply;
type Route = { methods: readonly string[]; handle: Handler };

/**
 * The handler for a request. If the path does not support the request's method, `allow` lists those that it does
 * support.
 */
export type Routed = { allow?: string; answer(): Reply };

type RouteOptions = {
  image: string;
  sessions: Sessions;
  observability: Observability;
  /** Seconds since 1970. */
  startedAt: number;
};

/**
 * How the service answers each path, once maintenance mode and the check of client versions have let the request
 * through.
 */
export function createRoutes(
  config: Config,
  { image, sessions, observability, startedAt }: RouteOptions,
): (exchange: Exchange) => Routed {
  const files = createStaticFiles(config.staticDir, buildIdOf(image));
  const login = createLogin(config, sessions, observability);
  const routeSplit = createRouteSplit(config, observability);
  const session = get((exchange) => showSession(sessions.of(exchange)));
  const syncToken = post((exchange) =>
    mintSyncToken(exchange, sessions.of(exchange), { config, observability }),
  );

  const routes: Readonly<Record<string, Route>> = {
    '/': get(() =>
      json(200, { service: SERVICE, version: VERSION, docs: 'apps/openagents.com/service/README.md' }),
    ),
    '/healthz': get(({ now }) => health(now - startedAt, config)),
    '/readyz': get(() => readiness(files.exists, config)),
    '/manifest.json': get(() => files.top('manifest.json')),
    '/sw.js': get(() => files.top('sw.js')),
    '/api/v1/control/status': get((exchange) =>
      controlStatus(sessions.of(exchange), config, routeSplit.show()),
    ),
    '/api/v1/control/route-split/status': get((exchange) => routeSplit.status(sessions.of(exchange))),
    '/api/v1/control/route-split/evaluate': post((exchange) =>
      routeSplit.evaluate(exchange, sessions.of(exchange)),
    ),
    '/api/v1/control/route-split/override': post((exchange) =>
      routeSplit.override(exchange, sessions.of(exchange)),
    ),
    '/api/policy/authorize': post((exchange) => authorize(exchange, sessions.of(exchange))),
    '/api/me': get((exchange) => me(sessions.of(exchange))),
    '/api/orgs/memberships': get((exchange) => memberships(sessions.of(exchange))),
    '/api/auth/session': session,
    '/api/v1/auth/session': session,
    '/api/auth/email': post(login.sendCode),
    '/api/auth/verify': post(login.verifyCode),
    '/api/auth/logout': post(login.logOut),
    '/api/sync/token': syncToken,
    '/api/v1/sync/token': syncToken,
  };

  const find = (path: string): Route | undefined => {
    if (Object.hasOwn(routes, path)) return routes[path];
    // The real service's router (matchit 0.7) answers 404 to a known path with an extra slash, instead of using its
    // catch-all.
    if (path !== '//' && path.endsWith('/') && Object.hasOwn(routes, path.slice(0, -1))) return undefined;
    if (path.startsWith('/api/')) {
      return get(() => apiError(404, 'not_found', `Route '${path}' was not found.`));
    }
    const asset = path.startsWith('/assets/') ? path.slice('/assets/'.length) : '';
    if (asset !== '') return get(() => files.asset(asset));
    return get((exchange) => routeSplit.legacyReply(exchange) ?? files.top('index.html'));
  };

  return (exchange) => {
    const route = find(exchange.path);
    if (route === undefined) return { answer: () => ({ status: 404, headers: {}, body: '' }) };
    if (route.methods.includes(exchange.method)) return { answer: () => route.handle(exchange) };
    return { allow: route.methods.join(','), answer: () => ({ status: 405, headers: {}, body: '' }) };
  };
}

// A GET route answers HEAD as well; the server leaves out the body.
function get(handle: Handler): Route {
  return { methods: ['GET', 'HEAD'], handle };
}

function post(handle: Handler): Route {
  return { methods: ['POST'], handle };
}

// This checks nothing: a process that answers is healthy.
function health(uptimeSeconds: number, { authProvider }: Config): Reply {
  return json(200, {
    status: 'ok',
    service: SERVICE,
    version: VERSION,
    uptime_seconds: uptimeSeconds,
    auth_provider: authProvider,
  });
}

function readiness(isReady: boolean, { staticDir }: Config): Reply {
  return json(isReady ? 200 : 503, { status: isReady ? 'ready' : 'not_ready', static_dir: staticDir });
}

function controlStatus(session: Session | undefined, { authProvider }: Config, routeSplit: object): Reply {
  if (session === undefined) return unauthorized();
  const { activeOrgId, memberships } = session;
  return json(200, { data: { service: SERVICE, authProvider, activeOrgId, memberships, routeSplit } });
}

function me(session: Session | undefined): Reply {
  return session === undefined ? unauthorized() : json(200, { data: { user: userOf(session) } });
}

function memberships(session: Session | undefined): Reply {
  if (session === undefined) return unauthorized();
  const { activeOrgId, memberships } = session;
  return json(200, { data: { activeOrgId, memberships } });
}
