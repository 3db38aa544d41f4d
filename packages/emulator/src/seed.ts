import { decode, type Json } from './api/descriptors.ts';
import type { EnvSeed, ServiceSeed } from './options.ts';
import type { EnvVarJson, TrafficTargetJson } from './service/resources.ts';
import type { ServiceStore } from './service/store.ts';

const SERVICE = 'google.cloud.run.v2.Service';
const SEEDED_BY = 'seed@example.com';

/** Puts a settled service in place: its revisions one after another, then its traffic. */
export async function seedService(store: ServiceStore, seed: ServiceSeed): Promise<void> {
  const env = envOf(seed.env ?? {});
  const fields = (image: string) => decode<Json>(SERVICE, { template: { containers: [{ image, env }] } });
  await store.create(seed.name, fields(seed.image), SEEDED_BY);
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
