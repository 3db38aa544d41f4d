import { createHash } from 'node:crypto';
import { parseBody } from './body.ts';
import type { Config, RouteSplitConfig } from './config.ts';
import {
  apiError,
  type Exchange,
  headerText,
  json,
  type Reply,
  unauthorized,
  validationError,
} from './exchange.ts';
import type { Observability } from './observability.ts';
import type { Session } from './sessions.ts';

type Target = 'legacy' | 'rust_shell';

type Decision = {
  path: string;
  target: Target;
  reason: string;
  cohort_bucket?: number;
  cohort_key: string;
};

/**
 * Decides which application serves a page: this one, or the older one. An override of the decision holds for one
 * instance only, because it is kept in memory.
 */
export type RouteSplit = {
  show(): object;
  status(session: Session | undefined): Reply;
  evaluate(exchange: Exchange, session: Session | undefined): Reply;
  override(exchange: Exchange, session: Session | undefined): Reply;
  /**
   * Returns the older application's answer, or undefined to serve the page here. The decision is logged in the audit
   * trail in either case.
   */
  legacyReply(exchange: Exchange): Reply | undefined;
};

const OVERRIDES: Readonly<Record<string, Target | null>> = {
  legacy: 'legacy',
  rust: 'rust_shell',
  rust_shell: 'rust_shell',
  clear: null,
  default: null,
};

export function createRouteSplit({ routeSplit }: Config, observability: Observability): RouteSplit {
  let override: Target | null = null;
  const show = () => ({
    enabled: routeSplit.enabled,
    mode: routeSplit.mode,
    cohort_percentage: routeSplit.cohortPercentage,
    rust_routes: routeSplit.rustRoutes.map(normalPath),
    force_legacy: routeSplit.forceLegacy,
    legacy_base_url: routeSplit.legacyBaseUrl ?? null,
    override_target: override,
  });
  return {
    show,
    status: (session) => (session === undefined ? unauthorized() : json(200, { data: show() })),

    evaluate(exchange, session) {
      const parsed = parseBody(exchange, { path: 'text', cohort_key: 'optional text' });
      if ('refusal' in parsed) return parsed.refusal;
      if (session === undefined) return unauthorized();
      const { path, cohort_key: given } = parsed.fields;
      if (path.trim() === '') return validationError('path', 'A path is required.');
      return json(200, {
        data: decide(path, given?.trim() || cohortKey(exchange), { routeSplit, override }),
      });
    },

    override(exchange, session) {
      const parsed = parseBody(exchange, { target: 'text' });
      if ('refusal' in parsed) return parsed.refusal;
      if (session === undefined) return unauthorized();
      const target = parsed.fields.target.trim().toLowerCase();
      const next = Object.hasOwn(OVERRIDES, target) ? OVERRIDES[target] : undefined;
      if (next === undefined) return validationError('target', 'The target is legacy, rust or clear.');
      override = next;
      observability.audit(exchange, 'route.split.override.updated', { session, attributes: { target } });
      observability.count(exchange, 'route.split.override.updated');
      return json(200, { data: show() });
    },

    legacyReply(exchange) {
      const { path, query } = exchange;
      const decision = pageDecision(exchange, { routeSplit, override });
      observability.audit(exchange, 'route.split.decision', {
        attributes: {
          path: decision.path,
          target: decision.target,
          reason: decision.reason,
          cohort_key: decision.cohort_key,
          user_agent: exchange.headers['user-agent'] ?? '',
          ...(decision.cohort_bucket !== undefined && { cohort_bucket: String(decision.cohort_bucket) }),
        },
      });
      observability.count(exchange, 'route.split.decision');
      if (decision.target === 'rust_shell') return undefined;
      if (routeSplit.legacyBaseUrl === undefined) {
        return apiError(503, 'legacy_route_unavailable', 'The legacy application has no address.');
      }
      const location = `${routeSplit.legacyBaseUrl.replace(/\/+$/, '')}${path}${query === '' ? '' : `?${query}`}`;
      return { status: 307, headers: { location }, body: '' };
    },
  };
}

type State = { routeSplit: RouteSplitConfig; override: Target | null };

function pageDecision(exchange: Exchange, state: State): Decision {
  const { path } = exchange;
  const decision = decide(path, cohortKey(exchange), state);
  if (path !== '/chat' && !path.startsWith('/chat/')) return decision;
  return { ...decision, path, target: 'rust_shell', reason: 'pilot_route_rust_only' };
}

// In order of precedence: the setting that forces the older application, then an override, then the split itself.
function decide(path: string, key: string, { routeSplit, override }: State): Decision {
  const decision = (target: Target, reason: string, more: Partial<Decision> = {}): Decision => ({
    path: normalPath(path),
    target,
    reason,
    ...more,
    cohort_key: key,
  });
  if (routeSplit.forceLegacy) return decision('legacy', 'force_legacy');
  if (override !== null) return decision(override, 'runtime_override');
  if (!routeSplit.enabled) return decision('legacy', 'route_split_disabled');
  if (!routeSplit.rustRoutes.some((route) => covers(normalPath(route), normalPath(path)))) {
    return decision('legacy', 'legacy_route_default');
  }
  switch (routeSplit.mode) {
    case 'legacy':
      return decision('legacy', 'mode_legacy');
    case 'rust':
      return decision('rust_shell', 'mode_rust');
    case 'cohort': {
      const bucket = bucketOf(key, routeSplit.salt);
      const target = bucket < routeSplit.cohortPercentage ? 'rust_shell' : 'legacy';
      return decision(target, 'mode_cohort', { cohort_bucket: bucket });
    }
  }
}

function covers(route: string, path: string): boolean {
  return route === '/' || path === route || path.startsWith(`${route}/`);
}

function normalPath(path: string): string {
  return `/${path.trim()}`.replaceAll(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}

function cohortKey(exchange: Exchange): string {
  const names = ['x-oa-route-key', 'x-device-id', 'x-forwarded-for', 'user-agent'];
  return names.map((name) => headerText(exchange, name)).find((value) => value !== undefined) ?? 'anonymous';
}

/** Which of a hundred cohorts a key belongs to. It is the same on every instance with the same salt. */
function bucketOf(key: string, salt: string): number {
  const digest = createHash('sha256').update(`${salt}:${key}`).digest('base64url');
  let value = 0;
  for (const byte of Buffer.from(digest.slice(0, 4))) value = (Math.imul(value, 131) + byte) >>> 0;
  return value % 100;
}
