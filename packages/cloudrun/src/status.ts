import type { Action } from '@deploy/cli';
import type { ServiceApi } from './api.ts';
import { gcloudCommands, type ServiceLocation } from './gcloud-commands.ts';
import type { ServedTarget, Service } from './service.ts';

/** Reads what serves, for `canary-rollout status`. */
export function canaryStatus(openApi: () => Promise<ServiceApi>, location: ServiceLocation): Action<Service> {
  return {
    announcement: gcloudCommands.canaryStatus(location),
    perform: async () => (await openApi()).read(),
  };
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
    traffic: service.served.map((target) => knativeTarget(target, service.latestReadyRevision)),
  };
  return stringify({ status }, { indentSeq: false, lineWidth: 0, sortMapEntries: true }).trimEnd();
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
