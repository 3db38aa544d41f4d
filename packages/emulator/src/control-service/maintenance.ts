import { createHmac } from 'node:crypto';
import type { Config, MaintenanceConfig } from './config.ts';
import { cookieValue, type Exchange, type Reply } from './exchange.ts';

const BYPASS_PARAMETER = 'maintenance_bypass';

const PAGE = `<!doctype html>
<html lang="en"><head><title>We will be right back</title></head>
<body><span class="badge">Maintenance in progress</span><p>The service is being worked on.</p></body></html>
`;

/** The answer of maintenance mode; undefined to let the request through. */
export function answerInMaintenance(exchange: Exchange, { maintenance }: Config): Reply | undefined {
  if (!maintenance.enabled || isAllowed(exchange.path, maintenance.allowedPaths)) return undefined;
  const { token } = maintenance;
  if (token !== undefined) {
    if (bypassValue(exchange.query) === token) return admit(exchange, token, maintenance);
    if (hasValidCookie(exchange, token, maintenance.cookieName)) return undefined;
  }
  return {
    status: 503,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store, no-cache, must-revalidate',
    },
    body: PAGE,
  };
}

/**
 * The bypass cookie's value, `<expiry>.<signature>`. Until it expires, anyone who holds it can use it on every instance
 * that knows the token.
 */
export function signBypass(token: string, expiry: number): string {
  return `${expiry}.${createHmac('sha256', token).update(String(expiry)).digest('base64url')}`;
}

function isAllowed(path: string, allowed: readonly string[]): boolean {
  return allowed.some((entry) =>
    entry.endsWith('*') ? entry.length > 1 && path.startsWith(entry.slice(0, -1)) : path === entry,
  );
}

// Not decoded, because the real service does not percent-decode the value either.
function bypassValue(query: string): string | undefined {
  return query
    .split('&')
    .filter((part) => part.startsWith(`${BYPASS_PARAMETER}=`))
    .map((part) => part.slice(BYPASS_PARAMETER.length + 1).trim())
    .find((value) => value !== '');
}

function admit(
  exchange: Exchange,
  token: string,
  { cookieName, cookieTtlSeconds }: MaintenanceConfig,
): Reply {
  const rest = exchange.query
    .split('&')
    .filter((part) => part !== '' && part.split('=')[0] !== BYPASS_PARAMETER);
  const value = signBypass(token, exchange.now + cookieTtlSeconds);
  return {
    status: 307,
    headers: {
      location: rest.length === 0 ? exchange.path : `${exchange.path}?${rest.join('&')}`,
      'set-cookie': `${cookieName}=${value}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=${cookieTtlSeconds}`,
    },
    body: '',
  };
}

function hasValidCookie(exchange: Exchange, token: string, name: string): boolean {
  const value = cookieValue(exchange, name);
  const expiry = Number(value?.split('.')[0]);
  return expiry > exchange.now && value === signBypass(token, expiry);
}
