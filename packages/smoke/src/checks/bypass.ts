import type { Secret } from '@deploy/cli';
import { below400, type Probe } from '../check.ts';

/** Lets this client into a maintenance window. The token goes into the query as is: the service does not decode it. */
export function bypassProbe(token: Secret): Probe {
  return {
    request: { method: 'GET', path: `/?maintenance_bypass=${token.reveal()}` },
    judge: below400,
  };
}
