import { recordedService } from './knative/recorded.ts';
import type { RecordedKnativeService } from './knative/types.ts';
import type { EnvSeed, RecordedServiceSeed, ServiceSeed } from './options.ts';
import { decode, type Json } from './protocol/descriptors.ts';
import type { SecretStore } from './secrets/store.ts';
import type { ContainerOptions } from './service/containers.ts';
import type { EnvVarJson, TrafficTargetJson } from './service/resources.ts';
import type { ServiceStore } from './service/store.ts';

const SERVICE = 'google.cloud.run.v2.Service';
const SEEDED_BY = 'seed@example.com';

export type SeedPlace = ContainerOptions & { project: string; region: string };

/** Creates a service and waits until it has settled. Rejects if the service is invalid. */
export async function seedService(
  store: ServiceStore,
  seed: ServiceSeed | RecordedServiceSeed,
  place: SeedPlace,
): Promise<void> {
  if ('knative' in seed) await adoptRecorded(store, seed.knative, place);
  else await createSeeded(store, seed);
}

async function adoptRecorded(
  store: ServiceStore,
  recorded: RecordedKnativeService,
  place: SeedPlace,
): Promise<void> {
  // The recorded service was ready, so its secrets existed. Their values are unknown: make some up.
  for (const container of recorded.spec.template.spec?.containers ?? []) {
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.secretKeyRef) ensureSecret(place.secrets, valueFrom.secretKeyRef);
    }
  }
  for (const { secret } of recorded.spec.template.spec?.volumes ?? []) {
    if (secret === undefined) continue;
    const { secretName: name, items = [{ key: 'latest' }] } = secret;
    for (const { key } of items) ensureSecret(place.secrets, { name, key });
  }
  const parent = `projects/${place.project}/locations/${place.region}`;
  await store.adopt(recordedService(recorded, parent, place));
}

function ensureSecret(secrets: SecretStore, { name, key }: { name: string; key: string }): void {
  if (!secrets.list().some((secret) => secret.name === name)) secrets.create(name);
  const wanted = key === 'latest' ? 1 : Number(key);
  while (secrets.get(name).versions.length < wanted) secrets.addVersion(name, `value of ${name}`);
}

/** Creates a service, then its later revisions one after another, then its traffic split. */
async function createSeeded(store: ServiceStore, seed: ServiceSeed): Promise<void> {
  const env = envOf(seed.env ?? {});
  const account = seed.serviceAccount === undefined ? {} : { serviceAccount: seed.serviceAccount };
  const affinity = seed.sessionAffinity === true ? { sessionAffinity: true } : {};
  const { ingress, defaultUriDisabled } = seed;
  const reach = { ...(ingress && { ingress }), ...(defaultUriDisabled && { defaultUriDisabled }) };
  const fields = (image: string) =>
    decode<Json>(SERVICE, { ...reach, template: { ...account, ...affinity, containers: [{ image, env }] } });
  await store.create(seed.name, { fields: fields(seed.image), person: SEEDED_BY });
  await store.settled();
  for (const image of seed.laterImages ?? []) {
    store.update(seed.name, { fields: fields(image), mask: 'template', person: SEEDED_BY });
    await store.settled();
  }
  if (seed.traffic === undefined) return;
  const names = store.find(seed.name).revisions.map(({ name }) => name);
  const traffic = seed.traffic.map(({ revision, percent, tag }): TrafficTargetJson => {
    const name = revision === undefined ? undefined : names[revision - 1];
    return {
      ...(name === undefined
        ? { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' }
        : { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: name }),
      percent,
      ...(tag !== undefined && { tag }),
    };
  });
  store.update(seed.name, { fields: { traffic }, mask: 'traffic', person: SEEDED_BY });
  await store.settled();
}

function envOf(env: EnvSeed): EnvVarJson[] {
  return Object.entries(env).map(([name, value]) =>
    typeof value === 'string' ? { name, value } : { name, valueSource: { secretKeyRef: value } },
  );
}
