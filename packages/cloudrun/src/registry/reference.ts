/** An image reference taken apart: where its registry is, and what to ask it for. */
export type ImageReference = {
  /** `us-central1-docker.pkg.dev`, `localhost:5000`. */
  host: string;
  /** Path of the repository on that host. */
  repository: string;
  tag: string | undefined;
  digest: string | undefined;
};

const DOCKER_HUB = 'registry-1.docker.io';

/**
 * Reads `[host/]repository[:tag][@digest]` as container tools do: the first part is a host when it has a dot or a port, or
 * is localhost, else the image is Docker Hub's (https://github.com/distribution/reference/blob/main/normalize.go); no tag
 * and no digest means the tag `latest`.
 */
export function parseImageReference(image: string): ImageReference {
  const [name = '', digest] = image.split('@');
  const [, path = name, tag] = /^(.*?)(?::([^:/]+))?$/.exec(name) ?? [];
  const [first = '', ...rest] = path.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const host = hasHost && first !== 'docker.io' ? first : DOCKER_HUB;
  const onHost = hasHost ? rest.join('/') : path;
  return {
    host,
    repository: host === DOCKER_HUB && !onHost.includes('/') ? `library/${onHost}` : onHost,
    tag: tag ?? (digest === undefined ? 'latest' : undefined),
    digest,
  };
}

/** Whether a host is one of Google's registries, which take a Google access token. */
export function isGoogleRegistry(host: string): boolean {
  return /^(?:[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z0-9-]+\.)?gcr\.io)$/.test(host);
}

/** A registry on this machine speaks plain HTTP, as Docker takes for granted too: https://docs.docker.com/reference/cli/dockerd/#insecure-registries */
export function schemeOf(host: string): 'http' | 'https' {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(host) ? 'http' : 'https';
}
