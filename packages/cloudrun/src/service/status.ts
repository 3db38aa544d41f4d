import type { Action } from '@deploy/cli';
import { gcloudCommands } from '../gcloud-commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { ServiceApi } from './api.ts';
import type { ServedTarget, Service } from './service.ts';

/** Reads what serves, for `canary-rollout status`. */
export function canaryStatus(openApi: () => Promise<ServiceApi>, location: ServiceLocation): Action<Service> {
  return {
    announcement: gcloudCommands.canaryStatus(location),
    perform: async () => (await openApi()).read(),
  };
}

/** Makes sure, before anything else is changed on its behalf, that the service is there and may be read. */
export function lookAtService(openApi: () => Promise<ServiceApi>): Action<Service> {
  return { perform: async () => (await openApi()).read() };
}

/**
 * The YAML that gcloud prints for the canary status of a service: Knative v1 spelling, keys in alphabetical order,
 * sequences not indented, so that what callers read with `yq` stays the same.
 */
export async function canaryStatusYaml(service: Service): Promise<string> {
  const { stringify } = await import('yaml');
  const status = {
    latestCreatedRevisionName: service.latestCreatedRevision,
    latestReadyRevisionName: service.latestReadyRevision,
    traffic: knativeTraffic(service),
  };
  return stringify({ status }, { indentSeq: false, lineWidth: 0, sortMapEntries: true }).trimEnd();
}

/** What serves, in Knative v1's spelling. */
export function knativeTraffic({ served, latestReadyRevision }: Service) {
  return served.map((target) => knativeTarget(target, latestReadyRevision));
}

function knativeTarget({ revision, percent, tag, url }: ServedTarget, latestReady: string | undefined) {
  return {
    ...(revision === undefined ? { latestRevision: true } : {}),
    ...(percent > 0 ? { percent } : {}),
    revisionName: revision ?? latestReady,
    ...(tag === undefined ? {} : { tag }),
    ...(url === undefined ? {} : { url }),
  };
}
