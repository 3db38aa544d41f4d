import { createHash } from 'node:crypto';
import type { ImageBehaviour } from '../options.ts';

export type StoredManifest = { digest: string; mediaType: string; bytes: string; uploadedMs: number };

/** The images of every registry that the platform pulls from: what there is, and what becomes of its containers. */
export type Registry = {
  /** What a container made from that image does. */
  behaviourOf(reference: string): ImageBehaviour;
  /** `reference` is a tag or a digest; undefined when the repository has no such image. */
  manifest(repository: string, reference: string): StoredManifest | undefined;
  /** Known tags, in alphabetical order as registries list them. */
  tags(repository: string): string[];
};

export type RegistryOptions = {
  images: Readonly<Record<string, ImageBehaviour>>;
  repositories: Readonly<Record<string, readonly string[]>>;
};

const MEDIA_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const FIRST_UPLOAD_MS = Date.UTC(2026, 1, 1);
const HOUR_MS = 3_600_000;

/**
 * `repositories` names the tags of a repository, oldest first: it then has these and no others. A repository that is
 * not named there has every tag that is asked for, save those whose image is said to be missing.
 */
export function createRegistry({ images, repositories }: RegistryOptions): Registry {
  // A request to a registry names the repository without the registry's host.
  const behaviours = byPath(images);
  const known = byPath(repositories);
  const asked = new Map<string, Set<string>>();

  const hasTag = (repository: string, tag: string): boolean =>
    behaviours.get(`${repository}:${tag}`) !== 'missing' && (known.get(repository)?.includes(tag) ?? true);
  const tagsOf = (repository: string): string[] => {
    const named = [...behaviours.keys()].flatMap((image) =>
      image.startsWith(`${repository}:`) ? [image.slice(repository.length + 1)] : [],
    );
    const all = known.get(repository) ?? [...named, ...(asked.get(repository) ?? [])];
    return [...new Set(all)].filter((tag) => hasTag(repository, tag));
  };
  const manifest = (repository: string, reference: string): StoredManifest | undefined => {
    if (isDigest(reference)) {
      return tagsOf(repository)
        .map((tag, i) => manifestOf(repository, tag, i))
        .find(({ digest }) => digest === reference);
    }
    if (!hasTag(repository, reference)) return undefined;
    asked.set(repository, (asked.get(repository) ?? new Set()).add(reference));
    return manifestOf(repository, reference, tagsOf(repository).indexOf(reference));
  };

  return {
    manifest,
    tags: (repository) => tagsOf(repository).sort(),
    behaviourOf(image) {
      const { repository, reference } = splitReference(image);
      const behaviour = behaviours.get(pathOf(image));
      if (behaviour !== undefined) return behaviour;
      return known.has(repository) && manifest(repository, reference) === undefined ? 'missing' : 'healthy';
    },
  };
}

function manifestOf(repository: string, tag: string, position: number): StoredManifest {
  const bytes = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(tag), size: 2 },
    layers: [],
    annotations: { 'org.opencontainers.image.title': `${repository}:${tag}` },
  });
  const uploadedMs = FIRST_UPLOAD_MS + position * HOUR_MS;
  return { digest: sha256(bytes), mediaType: MEDIA_TYPE, bytes, uploadedMs };
}

function splitReference(image: string): { repository: string; reference: string } {
  const [name = '', digest] = pathOf(image).split('@');
  const [, repository = name, tag = 'latest'] = /^(.*?)(?::([^:/]+))?$/.exec(name) ?? [];
  return { repository, reference: digest ?? tag };
}

function pathOf(reference: string): string {
  return reference.replace(/^[^/]*[.:][^/]*\//, '');
}

function byPath<T>(record: Readonly<Record<string, T>>): Map<string, T> {
  return new Map(Object.entries(record).map(([reference, value]) => [pathOf(reference), value]));
}

function isDigest(reference: string): boolean {
  return reference.includes(':');
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
