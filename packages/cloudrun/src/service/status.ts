import type { Action } from '@deploy/cli';
import { gcloudCommands } from '../gcloud/commands.ts';
import { gcloudYaml } from '../gcloud/yaml.ts';
import {
  type OpenWindow,
  readOpenWindow,
  splitBeforeLatest,
  stableBehindWindow,
} from '../maintenance/open-window.ts';
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

/** What was read of a service before a deployment. */
export type Found = {
  service: Service;
  /** The open maintenance window, with the split that closing it will restore; undefined if none is open. */
  window: OpenWindow | undefined;
  /**
   * The revision that has all the traffic or, if a maintenance window has it now, gets it back afterwards. Undefined if
   * there is no such revision.
   */
  stable: string | undefined;
};

/** Makes sure, before anything is changed, that the service exists and can be read. */
export function lookAtService(openApi: () => Promise<ServiceApi>): Action<Found> {
  return {
    async perform() {
      const api = await openApi();
      const service = await api.read();
      const found = await readOpenWindow(api, service);
      // The deployment fixes the traffic to the window's revision. After that, closing the window needs the split from
      // before it, so find that split now if the window did not store it.
      const window = found && { ...found, backTo: found.backTo ?? (await splitBeforeLatest(api, service)) };
      return { service, window, stable: stableBehindWindow(service, window) };
    },
  };
}

/** The canary status of a service as gcloud prints it: YAML, with Knative v1's names. */
export function canaryStatusYaml(service: Service): string {
  const status = {
    latestCreatedRevisionName: service.latestCreatedRevision,
    latestReadyRevisionName: service.latestReadyRevision,
    traffic: knativeTraffic(service),
  };
  return gcloudYaml({ status });
}

/** What serves, with Knative v1's names. */
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
