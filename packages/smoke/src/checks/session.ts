import { below400, type Probe } from '../check.ts';

/** Asks whose session the token is. */
export function sessionProbe(path: string): (authorization: Record<string, string>) => Probe {
  return (headers) => ({ request: { method: 'GET', path, headers }, judge: below400 });
}

/** Has the service issue a token for the sync service. */
export function syncTokenProbe(path: string): (authorization: Record<string, string>) => Probe {
  return (authorization) => ({
    request: {
      method: 'POST',
      path,
      headers: { ...authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ scopes: ['runtime.codex_worker_events'] }),
    },
    judge: below400,
  });
}
