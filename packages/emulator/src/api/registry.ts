import { ApiError } from '../protocol/errors.ts';
import type { Registry, StoredManifest } from '../registry/store.ts';
import type { Guard } from './access.ts';
import { type Call, RawAnswer, type Routes } from './call.ts';

const PERMISSION = 'artifactregistry.repositories.downloadArtifacts';

type RegistryOptions = {
  guard: Guard;
  /** The account that an access token belongs to. Throws an ApiError when a token is required and missing. */
  identify(authorization: string | undefined): string;
};

/**
 * The manifests, configs and tags of a registry, as far as a client needs them to look up an image:
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md. As in Artifact Registry, an access token
 * serves as the bearer token (https://cloud.google.com/artifact-registry/docs/reference/docker-api), and a list of tags
 * says when each manifest was uploaded.
 */
export function registryRoutes(registry: Registry, { guard, identify }: RegistryOptions): Routes {
  const answer = (call: Call): RawAnswer => {
    const [, repository = '', kind, reference = ''] =
      /^(.+?)\/(manifests|blobs|tags)\/([^/]+)$/.exec(call.params['*'] ?? '') ?? [];
    if (kind === undefined) return refusal(404, 'NOT_FOUND', 'there is nothing at this path');
    const [project = '', ...rest] = repository.split('/');
    try {
      identify(call.authorization);
      guard.require(PERMISSION, project, `projects/${project}/${rest.join('/')}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return refusal(error.httpStatus, error.httpStatus === 401 ? 'UNAUTHORIZED' : 'DENIED', error.message);
    }
    if (kind === 'tags') return tagList(registry, repository);
    if (kind === 'manifests') return manifest(registry, repository, reference);
    if (registry.blob(repository, reference) === undefined)
      return refusal(404, 'BLOB_UNKNOWN', `${reference} was not found.`);
    // A blob is at a path of its own on the same host: https://github.com/astral-sh/uv/pull/13041
    return new RawAnswer(302, { location: `/artifacts-downloads/${repository}/${reference}` }, '');
  };
  const download = (call: Call): RawAnswer => {
    const [, repository = '', digest = ''] = /^(.+)\/([^/]+)$/.exec(call.params['*'] ?? '') ?? [];
    const blob = registry.blob(repository, digest);
    return blob === undefined
      ? refusal(404, 'BLOB_UNKNOWN', 'there is nothing at this path')
      : new RawAnswer(200, { 'content-type': 'application/octet-stream' }, blob);
  };

  return [
    { method: 'GET', path: '/v2/*', ownLogin: true, handle: answer },
    { method: 'HEAD', path: '/v2/*', ownLogin: true, handle: answer },
    { method: 'GET', path: '/artifacts-downloads/*', ownLogin: true, handle: download },
  ];
}

function manifest(registry: Registry, repository: string, reference: string): RawAnswer {
  const found = registry.manifest(repository, reference);
  if (found === undefined) return refusal(404, 'MANIFEST_UNKNOWN', `${reference} was not found.`);
  const { digest, mediaType, bytes } = found;
  return new RawAnswer(200, { 'content-type': mediaType, 'docker-content-digest': digest }, bytes);
}

function tagList(registry: Registry, repository: string): RawAnswer {
  const tags = registry.tags(repository);
  if (tags.length === 0) return refusal(404, 'NAME_UNKNOWN', `Repository ${repository} was not found.`);
  const manifests = tags.flatMap((tag) => {
    const found = registry.manifest(repository, tag);
    return found === undefined ? [] : [[found.digest, listed(found, tag)] as const];
  });
  return json(200, { name: repository, child: [], tags, manifest: Object.fromEntries(manifests) });
}

function listed({ mediaType, uploadedMs }: StoredManifest, tag: string) {
  return { mediaType, tag: [tag], timeCreatedMs: String(uploadedMs), timeUploadedMs: String(uploadedMs) };
}

function refusal(status: number, code: string, message: string): RawAnswer {
  return json(status, { errors: [{ code, message }] });
}

function json(status: number, body: unknown): RawAnswer {
  return new RawAnswer(status, { 'content-type': 'application/json' }, JSON.stringify(body));
}
