import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { aborted } from '../api/errors.ts';
import { condition, type RevisionJson, type ServiceJson, shortName, type TemplateJson } from './resources.ts';

/** A revision and, once it is ready, the address that its container serves on. */
export type StoredRevision = {
  name: string;
  json: RevisionJson;
  template: TemplateJson;
  state: 'starting' | 'ready' | 'failed';
  address: { port: number; close(): Promise<void> } | undefined;
};

// Names as recorded services have them: the generation in five digits, then three characters.
const SUFFIX = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * The revision that a service's changed template asks for: a new one, or, when the template names one that was made
 * from the same configuration, that one. Throws a 409 when the name is taken by another configuration.
 */
export function revisionFor(service: ServiceJson, existing: readonly StoredRevision[]): StoredRevision {
  const { revision: given, ...configuration } = service.template;
  const taken = existing.find(({ name }) => name === given);
  if (taken !== undefined) {
    const { revision: _, ...other } = taken.template;
    if (isDeepStrictEqual(configuration, other)) return taken;
    throw aborted(`Revision named '${given}' with different configuration already exists.`);
  }
  const name = given || inventName(service);
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
  return { name, json, template: service.template, state: 'starting', address: undefined };
}

export function newEtag(): string {
  return `"${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}"`;
}

function inventName(service: ServiceJson): string {
  const suffix = Array.from({ length: 3 }, () => SUFFIX[randomInt(SUFFIX.length)]).join('');
  return `${shortName(service.name)}-${service.generation.padStart(5, '0')}-${suffix}`;
}
