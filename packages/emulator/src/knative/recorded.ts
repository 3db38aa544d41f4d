import { type ContainerOptions, startContainer } from '../service/containers.ts';
import { resolveImage } from '../service/ingress.ts';
import { condition, type ServiceJson } from '../service/resources.ts';
import { newRevision, type StoredRevision } from '../service/revisions.ts';
import type { AdoptedService } from '../service/store.ts';
import { conditionsFromKnative } from './conditions.ts';
import { serviceFromKnative, targetFromKnative } from './service.ts';
import type { KnativeTarget, RecordedKnativeService } from './types.ts';

/**
 * A service as it was read from Cloud Run, for the emulator to adopt with its name, generation and traffic split. Only
 * its latest revisions and those that the split names are created. All of them get the current template, because the
 * recording has no earlier templates. The revisions start only if the secrets that the template refers to exist.
 */
export function recordedService(
  { metadata, spec, status = {} }: RecordedKnativeService,
  parent: string,
  options: ContainerOptions,
): AdoptedService {
  const { fields, knative } = serviceFromKnative({
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata,
    spec,
  });
  const { template = {}, traffic = [], ...settings } = fields as Partial<ServiceJson>;
  const generation = String(metadata.generation ?? 1);
  const people = metadata.annotations ?? {};
  const createTime = metadata.creationTimestamp ?? new Date().toISOString();
  const [terminalCondition = condition('Ready', 'CONDITION_SUCCEEDED'), ...conditions] =
    conditionsFromKnative(status.conditions ?? []);
  const fullName = (revision: string): string => `${parent}/services/${metadata.name}/revisions/${revision}`;
  const { latestCreatedRevisionName: created, latestReadyRevisionName: ready } = status;
  return {
    name: metadata.name,
    knative,
    json: (place) => ({
      ...settings,
      ...place,
      template,
      traffic,
      uid: metadata.uid ?? crypto.randomUUID(),
      generation,
      createTime,
      updateTime: terminalCondition.lastTransitionTime,
      creator: people['serving.knative.dev/creator'] ?? '',
      lastModifier: people['serving.knative.dev/lastModifier'] ?? '',
      observedGeneration: String(status.observedGeneration ?? generation),
      terminalCondition,
      conditions,
      ...(created && { latestCreatedRevision: fullName(created) }),
      ...(ready && { latestReadyRevision: fullName(ready) }),
      trafficStatuses: (status.traffic ?? []).map(targetFromKnative),
      reconciling: false,
    }),
    revisions: (json) => startRevisions(json, { spec, status }, knative, options),
  };
}

async function startRevisions(
  json: ServiceJson,
  { spec, status = {} }: Pick<RecordedKnativeService, 'spec' | 'status'>,
  knative: AdoptedService['knative'],
  options: ContainerOptions,
): Promise<StoredRevision[]> {
  const { latestCreatedRevisionName: created, latestReadyRevisionName: ready } = status;
  const served = [...(spec.traffic ?? []), ...(status.traffic ?? [])].map(
    ({ revisionName }: KnativeTarget) => revisionName,
  );
  // A revision's name contains its generation, so sorting by name gives the order of creation.
  const names = [...new Set([...served, ready, created])].filter((name) => name !== undefined).sort();
  const revisions = names.map((name) => newRevision(name, json, knative));
  await Promise.all(
    revisions.map((revision) => {
      resolveImage(revision, options.registry);
      const neverCameUp = revision.name === created && created !== ready && !served.includes(created);
      revision.started = neverCameUp ? failed(revision, json) : startContainer(revision, options);
      return revision.started;
    }),
  );
  return revisions;
}

async function failed(revision: StoredRevision, { terminalCondition }: ServiceJson): Promise<void> {
  revision.state = 'failed';
  const { message } = terminalCondition;
  revision.json = {
    ...revision.json,
    conditions: [condition('Ready', 'CONDITION_FAILED', message === undefined ? {} : { message })],
    reconciling: false,
  };
}
