import { UserError } from '@deploy/cli';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { Service } from './service.ts';

/** Whether these are two services: the first was deleted, and the second was made under its name. */
export function isMadeAnew(before: Pick<Service, 'uid'>, now: Pick<Service, 'uid'>): boolean {
  return before.uid !== now.uid;
}

/** Says that the service was deleted and made anew: `service x was deleted and made anew (last changed by …)`. */
export function madeAnew({ name, lastModifier, updateTime }: Service): string {
  return `service ${name} was deleted and made anew (last changed by ${lastModifier} at ${updateTime})`;
}

/** Somebody deleted the service and made it anew while it was being changed. */
export class MadeAnew extends UserError {
  readonly found: Service;

  constructor(location: ServiceLocation, found: Service) {
    super(`${madeAnew(found)}, so this change may be lost`, {
      hint: `Ask who made it anew. If the change is still wanted and not there, run this again; before that, see how the service stands:\n  ${serviceCommand(location, 'canary-rollout', ['status'])}`,
    });
    this.found = found;
  }
}

/**
 * Throws MadeAnew when the service was deleted and made anew. The new one counts its changes from 1, so a change of the
 * old one would be waited for in vain. The new one may have that change all the same, if it was made from a late export.
 */
export function requireNotMadeAnew(
  location: ServiceLocation,
  before: Pick<Service, 'uid'>,
  now: Service,
): void {
  if (isMadeAnew(before, now)) throw new MadeAnew(location, now);
}
