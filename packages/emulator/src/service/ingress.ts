import type { Registry } from '../registry/store.ts';
import type { ContainerJson, TemplateJson } from './resources.ts';
import type { StoredRevision } from './revisions.ts';

/**
 * The container that receives requests: the only container, or the one of several that has a port
 * (https://cloud.google.com/run/docs/configuring/services/containers). Validation guarantees that exactly one of
 * several has a port.
 */
export function ingressContainer({ containers = [] }: TemplateJson): ContainerJson {
  const [only = {}] = containers;
  return containers.length === 1 ? only : (containers.find(hasPort) ?? only);
}

export function hasPort({ ports }: ContainerJson): boolean {
  return Array.isArray(ports) && ports.length > 0;
}

/** Resolves the tag to a digest when a revision is made: https://cloud.google.com/run/docs/deploying#service */
export function resolveImage(revision: StoredRevision, registry: Registry): void {
  revision.imageDigest = registry.resolve(ingressContainer(revision.template).image ?? '');
}
