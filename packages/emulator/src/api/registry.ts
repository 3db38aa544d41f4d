import { ApiError } from '../protocol/errors.ts';
import type { Registry, StoredManifest } from '../registry/store.ts';
import { type Call, RawAnswer, type Routes } from './call.ts';
import type { Guard } from './run-v2.ts';

const PERMISSION = 'artifactregistry.repositories.downloadArtifacts';
const SERVICE = 'us-central1-docker.pkg.dev';

type RegistryOptions = {
  guard: Guard;
  /** The account behind an access token; throws an ApiError when there must be one and is not. */
  identify(authorization: string | undefined): string;
};

/**
 * A registry's manifests and tags, as far as a client asks that looks an image up:
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md, with the token challenge of
 * https://distribution.github.io/distribution/spec/auth/token/. Like Artifact Registry it takes an access token as the
 * password of the user `oauth2accesstoken` (https://cloud.google.com/artifact-registry/docs/docker/authentication#token),
 * and tells in the list of tags when each manifest was uploaded.
 */
export function registryRoutes(registry: Registry, { guard, identify }: RegistryOptions): Routes {
  const tokens = new Set<string>();

  const answer = (call: Call): RawAnswer => {
    const [, repository = '', kind, reference = ''] =
      /^(.+?)\/(manifests|tags)\/([^/]+)$/.exec(call.params['*'] ?? '') ?? [];
    if (kind === undefined) return refusal(404, 'NOT_FOUND', 'there is nothing at this path');
    const token = call.authorization?.replace(/^Bearer /i, '');
    if (token === undefined || !tokens.has(token)) return challenge(call, repository);
    return kind === 'tags' ? tagList(registry, repository) : manifest(registry, repository, reference);
  };

  const giveToken = (call: Call): RawAnswer => {
    const [, project = '', rest = ''] =
      /^repository:([^/:]+)\/?(.*):pull$/.exec(call.query.get('scope') ?? '') ?? [];
    try {
      identify(bearerOf(call.authorization));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return refusal(401, 'UNAUTHORIZED', error.message);
    }
    const refused = guard(PERMISSION, project, `projects/${project}/${rest}`);
    if (refused !== undefined) return refusal(403, 'DENIED', refused.message);
    const token = crypto.randomUUID();
    tokens.add(token);
    return json(200, { token, expires_in: 3600 });
  };

  return [
    { method: 'GET', path: '/v2/token', ownLogin: true, handle: giveToken },
    { method: 'GET', path: '/v2/*', ownLogin: true, handle: answer },
    { method: 'HEAD', path: '/v2/*', ownLogin: true, handle: answer },
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

function challenge(call: Call, repository: string): RawAnswer {
  const answer = refusal(401, 'UNAUTHORIZED', 'authentication required');
  const realm = `${call.origin}/v2/token`;
  return new RawAnswer(
    answer.status,
    {
      ...answer.headers,
      'www-authenticate': `Bearer realm="${realm}",service="${SERVICE}",scope="repository:${repository}:pull"`,
    },
    answer.text,
  );
}

/** The access token that came as a password. */
function bearerOf(authorization: string | undefined): string | undefined {
  const [, encoded] = /^Basic (.+)$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const [, token] = /^oauth2accesstoken:(.*)$/.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  return `Bearer ${token ?? ''}`;
}

function refusal(status: number, code: string, message: string): RawAnswer {
  return json(status, { errors: [{ code, message }] });
}

function json(status: number, body: unknown): RawAnswer {
  return new RawAnswer(status, { 'content-type': 'application/json' }, JSON.stringify(body));
}
