import { mock } from 'node:test';
import { deployNoTraffic, rollback } from '@deploy/cloudrun';
import type { Emulator, TrafficTargetJson } from '@deploy/emulator';
import { apiOf, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE } from './cloud.ts';

/** Somebody else, who changes the service while we do. */
export const BOB = 'bob@example.com';
/** The image that we deploy. */
export const NEW = `${IMAGES}:new`;

// A change reads the service to plan (1st look), reads it again to compare (2nd), writes, and looks what came of it
// (3rd and later).
export const LOOK = { method: 'GET', path: /services\/control$/ };
export const WRITE = { method: 'PATCH', path: /services\/control$/ };

/** A service with two revisions, of which the first has all the traffic by its name. */
export const pinnedCloud = (etags: 'strict' | 'lax' = 'strict'): Promise<Emulator> =>
  cloudWith({
    etags,
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:a`,
        laterImages: [`${IMAGES}:b`],
        traffic: [{ revision: 1, percent: 100 }],
      },
    ],
  });

export const deploy = (cloud: Emulator) => deployNoTraffic(() => apiOf(cloud), LOCATION, NEW).perform();
export const shiftTo = (cloud: Emulator, revision: string) =>
  rollback(() => apiOf(cloud), LOCATION, revision).perform();

/** Bob splits the traffic in half. */
export function bobShifts(cloud: Emulator): string[] {
  const [a = '', b = ''] = revisionNames(cloud);
  const half = (revision: string): TrafficTargetJson => ({
    type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION',
    revision,
    percent: 50,
  });
  cloud.changeTraffic(SERVICE, [half(a), half(b)], BOB);
  return [`${a}=50`, `${b}=50`];
}

/** Bob deploys with a variable of his, and another value each time. */
export function bobDeploys(cloud: Emulator): void {
  const value = String(cloud.service(SERVICE).generation);
  const withHis = (env: readonly { name: string; value?: string }[] = []) => [
    ...env.filter(({ name }) => name !== 'BOBS'),
    { name: 'BOBS', value },
  ];
  cloud.changeTemplate(
    SERVICE,
    (template) => ({
      ...template,
      // His tool marks every template, as gcloud does.
      labels: { ...template.labels, 'client.knative.dev/nonce': `bobs-${value}` },
      containers: template.containers?.map((each) => ({ ...each, env: withHis(each.env) })) ?? [],
    }),
    BOB,
  );
}

/** Bob gives the second revision a tag; every share stays as he finds it. */
export function bobTags(cloud: Emulator): void {
  const [, b = ''] = revisionNames(cloud);
  const his = { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: b, tag: 'bobs' } as const;
  cloud.changeTraffic(SERVICE, [...cloud.service(SERVICE).traffic, his], BOB);
}

export function variablesOf(cloud: Emulator): (string | undefined)[] {
  return (cloud.service(SERVICE).template.containers?.[0]?.env ?? []).map(({ name }) => name);
}

export function imagesMade(cloud: Emulator): (string | undefined)[] {
  return cloud.revisions(SERVICE).map(({ containers }) => containers?.[0]?.image);
}

/**
 * Before another attempt a change waits by chance, for up to some seconds. From here on it waits for a tenth of that,
 * which is longer than the local platform takes to carry out what somebody else changed meanwhile.
 */
export function shortenPauses(): void {
  mock.method(Math, 'random', () => 0.1);
}
