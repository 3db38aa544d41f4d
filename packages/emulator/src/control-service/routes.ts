import type { Config } from './config.ts';
import { apiError, type Exchange, json, type Reply, unauthorized } from './exchange.ts';
import { createSessions } from './sessions.ts';
import { buildIdOf, createStaticFiles } from './static-files.ts';
import { mintSyncToken } from './sync-token.ts';

const SERVICE = 'openagents-control-service';
const VERSION = '0.1.0';

type Handler = (exchange: Exchange) => Reply;
type Route = { method: 'GET' | 'POST'; handle: Handler };

/** The service behind its gates: what each path answers. */
export function createRoutes(config: Config, image: string, startedAt: number): Handler {
  const files = createStaticFiles(config.staticDir, buildIdOf(image));
  const sessions = createSessions(config);
  const get = (handle: Handler): Route => ({ method: 'GET', handle });
  const post = (handle: Handler): Route => ({ method: 'POST', handle });
  const showSession = get((exchange) => sessions.show(sessions.of(exchange)));
  const syncToken = post((exchange) => mintSyncToken(exchange, sessions.of(exchange), config));

  const routes: Record<string, Route> = {
    '/': get(() =>
      json(200, { service: SERVICE, version: VERSION, docs: 'apps/openagents.com/service/README.md' }),
    ),
    '/healthz': get(({ now }) =>
      json(200, {
        status: 'ok',
        service: SERVICE,
        version: VERSION,
        uptime_seconds: now - startedAt,
        auth_provider: config.authProvider,
      }),
    ),
    '/readyz': get(() =>
      files.exists
        ? json(200, { status: 'ready', static_dir: config.staticDir })
        : json(503, { status: 'not_ready', static_dir: config.staticDir }),
    ),
    '/manifest.json': get(() => files.top('manifest.json')),
    '/sw.js': get(() => files.top('sw.js')),
    '/api/v1/control/status': get((exchange) => controlStatus(sessions.of(exchange), config)),
    '/api/auth/session': showSession,
    '/api/v1/auth/session': showSession,
    '/api/auth/email': post(sessions.sendCode),
    '/api/auth/verify': post(sessions.verifyCode),
    '/api/sync/token': syncToken,
    '/api/v1/sync/token': syncToken,
  };

  return (exchange) => {
    const { path } = exchange;
    const route = routes[path] ?? fallback(path);
    return isMethodOf(route, exchange.method) ? route.handle(exchange) : methodNotAllowed(route);
  };

  function fallback(path: string): Route {
    if (path.startsWith('/api/'))
      return get(() => apiError(404, 'not_found', `Route '${path}' was not found.`));
    if (path.startsWith('/assets/')) return get(() => files.asset(path.slice('/assets/'.length)));
    return get(() => files.top('index.html'));
  }
}

function isMethodOf({ method }: Route, given: string): boolean {
  return given === method || (method === 'GET' && given === 'HEAD');
}

function methodNotAllowed({ method }: Route): Reply {
  return { status: 405, headers: { allow: method === 'GET' ? 'GET,HEAD' : 'POST' }, body: '' };
}

function controlStatus(
  session: ReturnType<ReturnType<typeof createSessions>['of']>,
  { authProvider, routeSplit }: Config,
): Reply {
  if (session === undefined) return unauthorized();
  return json(200, {
    data: {
      service: SERVICE,
      authProvider,
      activeOrgId: session.activeOrgId,
      memberships: session.memberships,
      routeSplit: {
        enabled: routeSplit.enabled,
        mode: routeSplit.mode,
        cohort_percentage: 100,
        rust_routes: ['/'],
        force_legacy: false,
        legacy_base_url: null,
        override_target: null,
      },
    },
  });
}
