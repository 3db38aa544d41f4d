import { UserError } from '@deploy/cli';
import { isSettled, type Service, type ServiceApi, servedShares } from '@deploy/cloudrun';
import type { OtherChange } from './events.ts';
import { MOST_ATTEMPTS, orFailure } from './failed-calls.ts';

/** Somebody else has changed the service or taken over the promotion, so nothing more may be touched. */
export class Superseded extends UserError {
  readonly found: Service;
  /**
   * Says what somebody else has changed. Give it `found`, or the service as read later, which may show more of the
   * change.
   */
  readonly describe: (service: Service) => string;

  constructor(found: Service, describe: (service: Service) => string) {
    super(describe(found), { exitCode: 3 });
    this.found = found;
    this.describe = describe;
  }
}

/**
 * Waits until Cloud Run has carried out somebody else's change, unless that takes too long or the promotion is
 * interrupted. Returns what was changed, what serves now, and who changed it.
 */
export async function awaitOtherChange(
  { api, pause, signal }: { api: ServiceApi; pause(): Promise<void>; signal: AbortSignal },
  { found, describe }: Superseded,
): Promise<OtherChange> {
  let service = found;
  for (let i = 0; i < MOST_ATTEMPTS && !isSettled(service, service.generation) && !signal.aborted; i += 1) {
    await pause();
    const read = await orFailure(() => api.read());
    if (!(read instanceof UserError)) service = read;
  }
  return {
    why: describe(service),
    after: servedShares(service),
    by: service.lastModifier,
  };
}
