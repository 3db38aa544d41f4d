import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Container } from '../container/instance.ts';
import { aborted } from '../protocol/errors.ts';
import {
  condition,
  type KnativeExtras,
  type RevisionJson,
  type ServiceJson,
  shortName,
  type TemplateJson,
} from './resources.ts';

/** A revision and, once it is ready, its container. */
export type StoredRevision = {
  name: string;
  json: RevisionJson;
  template: TemplateJson;
  knative: KnativeExtras;
  /** The digest that the ingress container's tag had when the revision was made. Only v1 shows it. */
  imageDigest: string | undefined;
  state: 'starting' | 'ready' | 'failed';
  /** Resolves when it is known whether the container serves; undefined until the container is started. */
  started: Promise<void> | undefined;
  container: Container | undefined;
};

// New names look like those in recorded services: the generation in five digits, then three characters.
const SUFFIX = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * The revision for a service's changed template: a new one, or the existing one that the template names, if it has the
 * same configuration. Throws a 409 when the name belongs to another configuration.
 */
export function revisionFor(
  service: ServiceJson,
  knative: KnativeExtras,
  existing: readonly StoredRevision[],
): StoredRevision {
  const { revision: given } = service.template;
  const taken = existing.find(({ name }) => name === given);
  if (taken !== undefined) {
    if (sameConfiguration(taken, { template: service.template, knative })) return taken;
    throw aborted(`Revision named '${given}' with different configuration already exists.`);
  }
  return newRevision(given || inventName(service), service, knative);
}

/** A revision of the service's current template, not started yet. */
export function newRevision(name: string, service: ServiceJson, knative: KnativeExtras): StoredRevision {
  // A revision shows its template's fields, except for two that Revision in revision.proto does not have.
  const { revision: _, healthCheckDisabled: __, ...configuration } = service.template;
  const now = new Date().toISOString();
  const json: RevisionJson = {
    ...configuration,
    name: `${service.name}/revisions/${name}`,
    uid: crypto.randomUUID(),
    service: service.name,
    generation: '1',
    createTime: now,
    updateTime: now,
    creator: service.lastModifier,
    conditions: [condition('Ready', 'CONDITION_RECONCILING')],
    reconciling: true,
    observedGeneration: '1',
    etag: newEtag(),
  };
  return {
    name,
    json,
    template: service.template,
    knative,
    imageDigest: undefined,
    state: 'starting',
    started: undefined,
    container: undefined,
  };
}

type Configuration = Pick<StoredRevision, 'template' | 'knative'>;

/** Whether revisions of the two templates would differ only in their names. */
function sameConfiguration(one: Configuration, other: Configuration): boolean {
  return isDeepStrictEqual(configurationOf(one), configurationOf(other));
}

function configurationOf({ template: { revision: _, ...rest }, knative }: Configuration) {
  return { rest, annotations: knative.templateAnnotations, labels: knative.templateLabels };
}

export function newEtag(): string {
  return `"${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}"`;
}

function inventName(service: ServiceJson): string {
  const suffix = Array.from({ length: 3 }, () => SUFFIX[randomInt(SUFFIX.length)]).join('');
  return `${shortName(service.name)}-${service.generation.padStart(5, '0')}-${suffix}`;
}
