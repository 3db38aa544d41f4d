import { type Secret, UserError } from '@deploy/cli';
import { below400, type Check } from '../check.ts';

const TOKEN = /^[A-Za-z0-9._~+/=-]+$/;

/** Lets this client into a maintenance window. The token goes into the query as it is: the service does not decode it. */
export function bypassCheck(token: Secret): Check {
  if (!TOKEN.test(token.reveal())) {
    throw new UserError(
      'OPENAGENTS_MAINTENANCE_BYPASS_TOKEN may hold only letters, digits and . _ ~ + / = -',
      {
        hint: 'It is given in a URL that the service does not decode; other characters cannot get through.',
      },
    );
  }
  return {
    id: 'maintenance-bypass',
    request: { method: 'GET', path: `/?maintenance_bypass=${token.reveal()}` },
    judge: below400,
  };
}
