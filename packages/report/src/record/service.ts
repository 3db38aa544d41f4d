import type { ServiceLocation } from '@deploy/cloudrun';

export function isSameService(one: ServiceLocation, other: ServiceLocation): boolean {
  return one.project === other.project && one.region === other.region && one.service === other.service;
}
