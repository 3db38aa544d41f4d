import type { Service, ServiceLocation } from '@deploy/cloudrun';
import { thisMachine } from '../canary/this-machine.ts';

/**
 * A check that refuses a deployment while somebody is promoting a revision of the service; undefined when it is
 * skipped.
 */
export async function promotionGuard(
  location: ServiceLocation,
  { skipPromotionCheck, dryRun }: { skipPromotionCheck: boolean; dryRun: boolean },
): Promise<((now: Service) => void) | undefined> {
  if (skipPromotionCheck || dryRun) return undefined;
  // Loaded only here: help, usage errors and dry runs do not need it.
  const { requireNoPromotion } = await import('@deploy/canary');
  return (now) => requireNoPromotion(now, { location, machine: thisMachine() });
}
