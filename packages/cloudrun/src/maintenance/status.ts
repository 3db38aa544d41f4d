import type { Action } from '@deploy/cli';
import { gcloudCommands } from '../gcloud/commands.ts';
import { gcloudYaml } from '../gcloud/yaml.ts';
import type { ServiceApi } from '../service/api.ts';
import { findIngressContainer } from '../service/ingress-container.ts';
import type { Service } from '../service/service.ts';
import { knativeTraffic } from '../service/status.ts';
import type { ServiceLocation } from '../service-location.ts';
import { standsInFor } from './bookkeeping.ts';
import { isMaintenanceOn } from './environment.ts';
import { maintenancePercent } from './open-window.ts';

export type MaintenanceStatus = {
  service: Service;
  /** The percentage of traffic served by revisions in maintenance mode: 0 to 100. */
  percent: number;
};

/** Reads the state of the maintenance window. */
export function maintenanceStatus(
  openApi: () => Promise<ServiceApi>,
  location: ServiceLocation,
): Action<MaintenanceStatus> {
  return {
    announcement: gcloudCommands.maintenanceStatus(location),
    async perform() {
      const api = await openApi();
      const service = await api.read();
      return { service, percent: await maintenancePercent(api, service) };
    },
  };
}

/** The YAML that gcloud prints for the maintenance status: the first container's environment, and what serves. */
export function maintenanceStatusYaml({ service }: MaintenanceStatus): string {
  const env = (service.template.containers?.[0]?.env ?? []).map(({ name, value, valueSource }) => {
    const reference = valueSource?.secretKeyRef;
    return {
      name,
      ...(value ? { value } : {}),
      ...(reference
        ? { valueFrom: { secretKeyRef: { key: reference.version, name: reference.secret } } }
        : {}),
    };
  });
  const view = {
    // If there are no variables, gcloud leaves out the template.
    ...(env.length > 0 && { spec: { template: { spec: { containers: [{ env }] } } } }),
    status: { latestReadyRevisionName: service.latestReadyRevision, traffic: knativeTraffic(service) },
  };
  return gcloudYaml(view);
}

/**
 * Says whether the window is open, and for how much of the traffic. Warns if the next deployment would build on a
 * template that a window left behind.
 */
export function describeMaintenance({ service, percent }: MaintenanceStatus): string {
  return `${describePercent(service.name, percent)}${describeNewest(service, percent)}`;
}

function describePercent(name: string, percent: number): string {
  if (percent === 0) return `maintenance mode of ${name} is off`;
  return percent === 100
    ? `maintenance mode of ${name} is on for all traffic`
    : `maintenance mode of ${name} is on for ${percent} % of the traffic only`;
}

function describeNewest({ template, annotations }: Service, percent: number): string {
  const replaced = standsInFor({ template, annotations });
  if (replaced !== undefined) {
    return `; a window was not finished, and its template has replaced that of ${replaced}: run maintenance-mode.ts enable or disable again`;
  }
  const ingress = findIngressContainer(template);
  return percent === 0 && ingress !== undefined && isMaintenanceOn(template)
    ? '; the newest template has it switched on, so a deployment would be in maintenance mode: maintenance-mode.ts disable removes that'
    : '';
}
