import { createHash } from 'node:crypto';
import type { ImageBehaviour } from '../options.ts';

export type StoredManifest = { digest: string; mediaType: string; bytes: string; uploadedMs: number };

/** The images of every registry that the platform pulls from, and how their containers behave. */
export type Registry = {
  /** What a container of the image does when it is started. */
  behaviourOf(reference: string): ImageBehaviour;
  /** The digest that a tag points to now, as `host/path@sha256:…`; undefined if there is no such image. */
  resolve(reference: string): string | undefined;
  /** Pushes another image under the tag. The previous one stays available by its digest. */
  push(reference: string, behaviour: ImageBehaviour): void;
  /** `reference` is a tag or a digest; undefined when the repository has no such image. */
  manifest(repository: string, reference: string): StoredManifest | undefined;
  /** Known tags in alphabetical order, as registries list them. */
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
 * A repository that `repositories` names has only the tags listed there, oldest first. Any other repository has every
 * tag that is asked for, except those that `images` lists as missing.
 */
export function createRegistry({ images, repositories }: RegistryOptions): Registry {
  // Keyed by path, because a request to a registry names the repository without the registry's host.
  const behaviours = byPath(images);
  const known = byPath(repositories);
  const asked = new Map<string, Set<string>>();
  /** By `repository:tag`: the images that were pushed under that tag after its first one. */
  const pushed = new Map<string, ImageBehaviour[]>();

  const pushesOf = (repository: string, tag: string): ImageBehaviour[] => {
    const first = behaviours.get(`${repository}:${tag}`) ?? 'healthy';
    return [first, ...(pushed.get(`${repository}:${tag}`) ?? [])];
  };
  const hasTag = (repository: string, tag: string): boolean =>
    pushed.has(`${repository}:${tag}`) ||
    (pushesOf(repository, tag).at(-1) !== 'missing' && (known.get(repository)?.includes(tag) ?? true));
  const tagsOf = (repository: string): string[] => {
    const named = [...behaviours.keys()].flatMap((image) =>
      image.startsWith(`${repository}:`) ? [image.slice(repository.length + 1)] : [],
    );
    const tags = [...(known.get(repository) ?? named), ...(asked.get(repository) ?? [])];
    return [...new Set(tags)].filter((tag) => hasTag(repository, tag));
  };
  /** Every image that ever had one of the repository's tags. */
  const all = (repository: string) =>
    tagsOf(repository).flatMap((tag, i) =>
      pushesOf(repository, tag).map((behaviour, push) => ({
        ...manifestOf(repository, tag, { position: i, push }),
        behaviour,
      })),
    );
  const manifest = (repository: string, reference: string): StoredManifest | undefined => {
    if (isDigest(reference)) return all(repository).find(({ digest }) => digest === reference);
    if (!hasTag(repository, reference)) return undefined;
    asked.set(repository, (asked.get(repository) ?? new Set()).add(reference));
    const position = tagsOf(repository).indexOf(reference);
    return manifestOf(repository, reference, { position, push: pushesOf(repository, reference).length - 1 });
  };

  return {
    manifest,
    tags: (repository) => tagsOf(repository).sort(),
    resolve(image) {
      const { repository, reference } = splitReference(image);
      const [name = ''] = image.split('@');
      const untagged = name.replace(/:[^:/]+$/, '');
      if (isDigest(reference)) return `${untagged}@${reference}`;
      const found = manifest(repository, reference);
      return found && `${untagged}@${found.digest}`;
    },
    push(image, behaviour) {
      const { repository, reference } = splitReference(image);
      const tag = `${repository}:${reference}`;
      pushed.set(tag, [...(pushed.get(tag) ?? []), behaviour]);
      asked.set(repository, (asked.get(repository) ?? new Set()).add(reference));
    },
    behaviourOf(image) {
      const { repository, reference } = splitReference(image);
      if (isDigest(reference)) {
        const found = all(repository).find(({ digest }) => digest === reference);
        const byDefault = known.has(repository) ? 'missing' : 'healthy';
        return behaviours.get(pathOf(image)) ?? found?.behaviour ?? byDefault;
      }
      return hasTag(repository, reference)
        ? (pushesOf(repository, reference).at(-1) ?? 'healthy')
        : 'missing';
    },
  };
}

function manifestOf(
  repository: string,
  tag: string,
  { position, push }: { position: number; push: number },
): StoredManifest {
  const bytes = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(tag), size: 2 },
    layers: [],
    annotations: {
      'org.opencontainers.image.title': `${repository}:${tag}`,
      ...(push > 0 && { 'org.opencontainers.image.revision': String(push) }),
    },
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
