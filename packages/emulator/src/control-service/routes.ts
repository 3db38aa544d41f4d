import type { Config } from './config.ts';
import { apiError, type Exchange, json, type Reply, unauthorized } from './exchange.ts';
import { legacyReply } from './legacy.ts';
import { createLogin } from './login.ts';
import { type Session, type Sessions, showSession } from './sessions.ts';
import { buildIdOf, createStaticFiles } from './static-files.ts';
import { mintSyncToken } from './sync-token.ts';

const SERVICE = 'openagents-control-service';
const VERSION = '0.1.0';

type Handler = (exchange: Exchange) => Reply;
type Route = { method: 'GET' | 'POST'; handle: Handler };

/** The service behind its gates: what each path answers. `startedAt` is in seconds since 1970. */
export function createRoutes(
  config: Config,
  { image, sessions, startedAt }: { image: string; sessions: Sessions; startedAt: number },
): Handler {
  const files = createStaticFiles(config.staticDir, buildIdOf(image));
  const login = createLogin(config, sessions);
  const session = get((exchange) => showSession(sessions.of(exchange)));
  const syncToken = post((exchange) => mintSyncToken(exchange, sessions.of(exchange), config));

  const routes: Readonly<Record<string, Route>> = {
    '/': get(() =>
      json(200, { service: SERVICE, version: VERSION, docs: 'apps/openagents.com/service/README.md' }),
    ),
    '/healthz': get(({ now }) => health(now - startedAt, config)),
    '/readyz': get(() => readiness(files.exists, config)),
    '/manifest.json': get(() => files.top('manifest.json')),
    '/sw.js': get(() => files.top('sw.js')),
    '/api/v1/control/status': get((exchange) => controlStatus(sessions.of(exchange), config)),
    '/api/auth/session': session,
    '/api/v1/auth/session': session,
    '/api/auth/email': post(login.sendCode),
    '/api/auth/verify': post(login.verifyCode),
    '/api/sync/token': syncToken,
    '/api/v1/sync/token': syncToken,
  };

  return (exchange) => {
    const { path } = exchange;
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    return handle(route ?? fallback(path), exchange);
  };

  function fallback(path: string): Route {
    if (path.startsWith('/api/')) {
      return get(() => apiError(404, 'not_found', `Route '${path}' was not found.`));
    }
    if (path.startsWith('/assets/')) return get(() => files.asset(path.slice('/assets/'.length)));
    return get((exchange) => legacyReply(exchange, config) ?? files.top('index.html'));
  }
}

function get(handle: Handler): Route {
  return { method: 'GET', handle };
}

function post(handle: Handler): Route {
  return { method: 'POST', handle };
}

// A GET route answers HEAD as well; the server leaves the body out.
function handle(route: Route, exchange: Exchange): Reply {
  const methods = route.method === 'GET' ? ['GET', 'HEAD'] : ['POST'];
  if (methods.includes(exchange.method)) return route.handle(exchange);
  return { status: 405, headers: { allow: methods.join(',') }, body: '' };
}

// Checks nothing: as long as the process answers, it is healthy.
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

function controlStatus(session: Session | undefined, { authProvider, routeSplit }: Config): Reply {
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
        legacy_base_url: routeSplit.legacyBaseUrl ?? null,
        override_target: null,
      },
    },
  });
}
