export type ImageReference = {
  /** For instance `us-central1-docker.pkg.dev`; undefined when the reference names no host, which means Docker Hub. */
  host: string | undefined;
  /** The repository's path on that host. */
  repository: string;
  tag: string | undefined;
  digest: string | undefined;
};

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * Reads `[host/]repository[:tag][@digest]` as container tools do: the first part is a host if it has a dot or a port,
 * or is `localhost` (https://github.com/distribution/reference/blob/main/normalize.go).
 */
export function parseImageReference(image: string): ImageReference {
  const [name = '', digest] = image.split('@');
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const host = /[.:]/.test(first) || first === 'localhost' ? first : undefined;
  const [repository = '', tag] = (host === undefined ? name : name.slice(slash + 1)).split(':');
  return { host, repository, tag, digest };
}

/** The digest in an image reference such as `host/path/name:tag@sha256:…`; undefined if there is none. */
export function digestOf(image: string): string | undefined {
  const { digest } = parseImageReference(image);
  return digest !== undefined && DIGEST.test(digest) ? digest : undefined;
}

/** A reference to the image that has this digest in the same repository. */
export function byDigest(image: string, digest: string): string {
  const { host, repository } = parseImageReference(image);
  return `${host === undefined ? '' : `${host}/`}${repository}@${digest}`;
}

/**
 * Whether two references certainly mean the same image: they have the same digest, or, if either has no digest, the
 * same text. A tag never equals a digest.
 */
export function isSameImage(one: string, other: string): boolean {
  const digests = [digestOf(one), digestOf(other)];
  return digests.every((digest) => digest !== undefined) ? digests[0] === digests[1] : one === other;
}
