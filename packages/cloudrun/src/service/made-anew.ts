import { UserError } from '@deploy/cli';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { Service } from './service.ts';

/** Whether these are two services: the first was deleted, and the second was made under its name. */
export function isMadeAnew(before: Pick<Service, 'uid'>, now: Pick<Service, 'uid'>): boolean {
  return before.uid !== now.uid;
}

/** What somebody did who deleted the service and made it anew: `service x was deleted and made anew: …`. */
export function madeAnew({ name, lastModifier, updateTime }: Service): string {
  return `service ${name} was deleted and made anew (last changed by ${lastModifier} at ${updateTime})`;
}

/**
 * Throws a UserError when the service was deleted and made anew. The new one counts its changes from 1, so a change of
 * the old one would be waited for in vain.
 */
export function requireNotMadeAnew(
  location: ServiceLocation,
  before: Pick<Service, 'uid'>,
  now: Service,
): void {
  if (!isMadeAnew(before, now)) return;
  throw new UserError(`${madeAnew(now)}, so nothing of this change is in it`, {
    hint: `Ask who made it anew. If the change is still wanted, run this again; before that, see how the service stands:\n  ${serviceCommand(location, 'canary-rollout', ['status'])}`,
  });
}
