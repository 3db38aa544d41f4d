import type { Service, ServiceLocation } from '@deploy/cloudrun';
import { thisMachine } from '../canary/this-machine.ts';

/**
 * Refuses a deployment while somebody is promoting a revision of the service; undefined when that is not to be checked.
 */
export async function promotionGuard(
  location: ServiceLocation,
  { skipPromotionCheck, dryRun }: { skipPromotionCheck: boolean; dryRun: boolean },
): Promise<((now: Service) => void) | undefined> {
  if (skipPromotionCheck || dryRun) return undefined;
  // Help, usage errors and dry runs do without it.
  const { requireNoPromotion } = await import('@deploy/canary');
  return (now) => requireNoPromotion(now, { location, machine: thisMachine(), nowMs: Date.now() });
}
