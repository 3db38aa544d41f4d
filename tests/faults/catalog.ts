import type { Trigger } from '@deploy/emulator';

type Fault = Trigger['fault'];

function refusal(httpStatus: number, status: string, headers?: Record<string, string>): Fault {
  return {
    kind: 'error',
    httpStatus,
    status,
    message: `made to fail: ${status}`,
    ...(headers && { headers }),
  };
}

/**
 * What may happen to a call, once, by its name in the table. The last three can happen only to a change of a service.
 */
export const FAULTS: Readonly<Record<string, Fault>> = {
  '401': refusal(401, 'UNAUTHENTICATED'),
  '403': refusal(403, 'PERMISSION_DENIED'),
  '404': refusal(404, 'NOT_FOUND'),
  '409': refusal(409, 'ABORTED'),
  '429': refusal(429, 'RESOURCE_EXHAUSTED', { 'retry-after': '1' }),
  '500': refusal(500, 'INTERNAL'),
  '503': refusal(503, 'UNAVAILABLE'),
  'refused connection': { kind: 'refuse', ms: 150 },
  'reset before': { kind: 'reset', when: 'before' },
  'reset after': { kind: 'reset', when: 'after' },
  'cut body': { kind: 'cut-body' },
  'not JSON': { kind: 'not-json' },
  '60 s stall': { kind: 'stall', ms: 60_000 },
  'operation fails': { kind: 'operation', fate: 'fails' },
  'operation stalls': { kind: 'operation', fate: 'stalls' },
  'operation vanishes': { kind: 'operation', fate: 'vanishes' },
};
