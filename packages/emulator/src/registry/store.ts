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
  /** What a repository's manifests refer to by digest: the configs of its images. */
  blob(repository: string, digest: string): string | undefined;
  /** Known tags in alphabetical order, as registries list them. */
  tags(repository: string): string[];
};

export type RegistryOptions = {
  images: Readonly<Record<string, ImageBehaviour>>;
  repositories: Readonly<Record<string, readonly string[]>>;
};

const MEDIA_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX_MEDIA_TYPE = 'application/vnd.oci.image.index.v1+json';
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
        ...manifestOf(repository, tag, { position: i, push, behaviour }),
        behaviour,
      })),
    );
  const manifest = (repository: string, reference: string): StoredManifest | undefined => {
    if (isDigest(reference)) return all(repository).find(({ digest }) => digest === reference);
    if (!hasTag(repository, reference)) return undefined;
    asked.set(repository, (asked.get(repository) ?? new Set()).add(reference));
    const position = tagsOf(repository).indexOf(reference);
    const pushes = pushesOf(repository, reference);
    const [behaviour = 'healthy'] = pushes.slice(-1);
    return manifestOf(repository, reference, { position, push: pushes.length - 1, behaviour });
  };

  return {
    manifest,
    blob: (_, digest) => Object.values(CONFIGS).find((config) => sha256(config) === digest),
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

/** The configs that images for these processors have. */
const CONFIGS = {
  amd64: JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
  arm64: JSON.stringify({ architecture: 'arm64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
};

function manifestOf(
  repository: string,
  tag: string,
  { position, push, behaviour }: { position: number; push: number; behaviour: ImageBehaviour },
): StoredManifest {
  const config = behaviour === 'arm64' || behaviour === 'arm64-index' ? CONFIGS.arm64 : CONFIGS.amd64;
  const image = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256(config),
      size: config.length,
    },
    layers: [],
    annotations: {
      'org.opencontainers.image.title': `${repository}:${tag}`,
      ...(push > 0 && { 'org.opencontainers.image.revision': String(push) }),
    },
  });
  const isIndex = behaviour === 'arm64-index';
  const bytes = isIndex ? indexOf(image) : image;
  const mediaType = isIndex ? INDEX_MEDIA_TYPE : MEDIA_TYPE;
  return { digest: sha256(bytes), mediaType, bytes, uploadedMs: FIRST_UPLOAD_MS + position * HOUR_MS };
}

/**
 * An index as BuildKit makes it: the image, and what it notes about the build.
 * https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
 */
function indexOf(image: string): string {
  const noted = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE, layers: [], about: sha256(image) });
  const listed = (bytes: string, platform: { architecture: string; os: string }) => ({
    ...{ mediaType: MEDIA_TYPE, digest: sha256(bytes), size: bytes.length, platform },
  });
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX_MEDIA_TYPE,
    manifests: [
      listed(image, { architecture: 'arm64', os: 'linux' }),
      listed(noted, { architecture: 'unknown', os: 'unknown' }),
    ],
  });
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
