import type { Secret } from '@deploy/cli';
import { below400, type Probe } from '../check.ts';

export const healthProbe: Probe = { request: { method: 'GET', path: '/healthz' }, judge: below400 };

export const readinessProbe: Probe = { request: { method: 'GET', path: '/readyz' }, judge: below400 };

/** With a token, the route shows the status; without one, a 401 proves that the route exists and asks for a login. */
export function controlStatusProbe(authorization: Record<string, string> | undefined): Probe {
  return {
    request: {
      method: 'GET',
      path: '/api/v1/control/status',
      ...(authorization && { headers: authorization }),
    },
    judge: (answer) =>
      authorization !== undefined
        ? below400(answer)
        : answer.status === 200 || answer.status === 401
          ? undefined
          : { expected: 'status 200 or 401', got: `status ${answer.status}` },
  };
}

/** Asks whose session the token belongs to. */
export function sessionProbe(path: string): (authorization: Record<string, string>) => Probe {
  return (headers) => ({ request: { method: 'GET', path, headers }, judge: below400 });
}

/** Asks the service to issue a token for the sync service. */
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

/** Gets this client past a maintenance window. The token goes into the query as is: the service does not decode it. */
export function bypassProbe(token: Secret): Probe {
  return {
    request: { method: 'GET', path: `/?maintenance_bypass=${token.reveal()}` },
    judge: below400,
  };
}
