import { below400, type Check } from '../check.ts';

/** Who the token belongs to, on both spellings of the route. */
export function sessionChecks(authorization: Record<string, string>): Check[] {
  return [
    {
      id: 'auth-session',
      request: { method: 'GET', path: '/api/auth/session', headers: authorization },
      judge: below400,
    },
    {
      id: 'auth-session-v1',
      request: { method: 'GET', path: '/api/v1/auth/session', headers: authorization },
      judge: below400,
    },
  ];
}

/** A token for the sync service, on both spellings of the route. These mint something, so they come last. */
export function syncTokenChecks(authorization: Record<string, string>): Check[] {
  const request = (path: string) => ({
    method: 'POST' as const,
    path,
    headers: { ...authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ scopes: ['runtime.codex_worker_events'] }),
  });
  return [
    { id: 'sync-token', request: request('/api/sync/token'), judge: below400 },
    { id: 'sync-token-v1', request: request('/api/v1/sync/token'), judge: below400 },
  ];
}
