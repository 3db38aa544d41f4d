import { below400, type Check } from '../check.ts';

/** With a token the status is shown; without one, 401 proves that the route is there and asks who it is. */
export function controlStatusCheck(authorization: Record<string, string> | undefined): Check {
  return {
    id: 'control-status',
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
