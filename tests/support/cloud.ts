import { openServiceApi, type ServiceApi } from '@deploy/cloudrun';
import { type Emulator, type EmulatorOptions, startEmulator } from '@deploy/emulator';

export const PROJECT = 'openagentsgemini';
export const SERVICE = 'control';
export const IMAGES = 'registry.example.com/openagents/control';
export const LOCATION = { project: PROJECT, region: 'us-central1', service: SERVICE };

/** A local Cloud Run with one service, `control`, that serves its first revision; quick to settle. */
export function cloudWith(options: EmulatorOptions = {}): Promise<Emulator> {
  return startEmulator({
    reconcileMs: 30,
    services: [{ name: SERVICE, image: `${IMAGES}:one` }],
    ...options,
  });
}

/** A service of three revisions, of which the first two share the traffic. */
export const NINETY_TEN = {
  name: SERVICE,
  image: `${IMAGES}:stable`,
  laterImages: [`${IMAGES}:canary`, `${IMAGES}:newest`],
  traffic: [
    { revision: 1, percent: 90 },
    { revision: 2, percent: 10 },
  ],
};

export function apiOf(emulator: Emulator): Promise<ServiceApi> {
  return openServiceApi({ emulatorHost: emulator.host, identity: { kind: 'none' }, env: {} }, LOCATION);
}

/** The environment that points a script at an emulator. */
export function cloudEnv(emulator: Emulator): Record<string, string> {
  return { CLOUD_RUN_EMULATOR_HOST: emulator.host, PROJECT, SERVICE };
}

/** Short names of the revisions, oldest first. */
export function revisionNames(emulator: Emulator, service = SERVICE): string[] {
  return emulator
    .revisions(service)
    .map(({ name }) => name.slice(name.lastIndexOf('/') + 1))
    .reverse();
}

/** What serves: `name=percent`, in the platform's order, tags in parentheses. */
export function serving(emulator: Emulator, service = SERVICE): string[] {
  const { trafficStatuses, latestReadyRevision } = emulator.service(service);
  return trafficStatuses.map(
    ({ revision, percent, tag }) =>
      `${revision ?? latestReadyRevision?.split('/').at(-1)}=${percent ?? 0}${tag ? `(${tag})` : ''}`,
  );
}
