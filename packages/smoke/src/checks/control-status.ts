import { below400, type Probe } from '../check.ts';

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
