import { createHash } from 'node:crypto';
import { cleanLine, errorMessage, Secret } from '@deploy/cli';
import { type Connection, endpointOf } from '../google/connection.ts';
import { googleRest } from '../google/rest.ts';
import { openRegistry, type RegistryAnswer, type RegistryClient } from './client.ts';
import { newestTags } from './newest-tags.ts';
import { type ImageReference, isGoogleRegistry, parseImageReference, schemeOf } from './reference.ts';

/** What a registry knows of an image. */
export type ImageLookup =
  | { state: 'found'; digest: string }
  | { state: 'missing'; newestTags: readonly string[] }
  /** The registry would not say, or could not be asked; `why` in one line. */
  | { state: 'unknown'; why: string; denied: boolean };

const NEWEST_SHOWN = 5;

/**
 * Looks an image up in its registry, by tag or digest, with the same identity as the other calls where the registry is
 * Google's, and without one elsewhere.
 */
export async function lookUpImage(connection: Connection, image: string): Promise<ImageLookup> {
  const reference = parseImageReference(image);
  try {
    const registry = await openRegistryOf(connection, reference);
    return await lookUp(registry, reference);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return { state: 'unknown', why: cleanLine(`${errorMessage(error)}${cause}`, 300), denied: false };
  }
}

/**
 * Whether the image with this digest is an index that names the other digest for one of its platforms: what runs may be
 * the one for the platform, while the tag means the index. False when the registry does not tell.
 */
export async function isIndexOf(
  connection: Connection,
  image: string,
  { index, digest }: { index: string; digest: string },
): Promise<boolean> {
  const reference = parseImageReference(image);
  try {
    const registry = await openRegistryOf(connection, reference);
    const { status, text } = await registry.ask('GET', `/v2/${reference.repository}/manifests/${index}`);
    const { manifests = [] } = (status === 200 ? JSON.parse(text) : {}) as {
      manifests?: { digest?: string }[];
    };
    return manifests.some((each) => each.digest === digest);
  } catch {
    return false;
  }
}

async function openRegistryOf(connection: Connection, { host }: ImageReference): Promise<RegistryClient> {
  const { http, login } = googleRest(connection);
  if (!isGoogleRegistry(host)) {
    return openRegistry({ http, origin: `${schemeOf(host)}://${host}`, accessToken: undefined });
  }
  const origin = endpointOf(connection.emulatorHost, host);
  const { authorization } = await login.headers(origin);
  const token = authorization?.replace(/^Bearer /i, '');
  return openRegistry({ http, origin, accessToken: token ? new Secret(token) : undefined });
}

async function lookUp(
  registry: RegistryClient,
  { host, repository, tag, digest }: ImageReference,
): Promise<ImageLookup> {
  const path = `/v2/${repository}/manifests/${digest ?? tag}`;
  const answer = await registry.ask('HEAD', path);
  if (answer.status === 200) {
    const given = answer.header('docker-content-digest');
    // The header is not one that every registry sends; then the manifest itself is what the digest is of.
    return { state: 'found', digest: given ?? digest ?? sha256((await registry.ask('GET', path)).text) };
  }
  if (answer.status === 404) {
    return { state: 'missing', newestTags: await newestTags(registry, repository, NEWEST_SHOWN) };
  }
  const denied = answer.status === 401 || answer.status === 403;
  return { state: 'unknown', why: `${host} answers ${answer.status}${reasonIn(answer)}`, denied };
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes; an answer to HEAD has none. */
function reasonIn({ text }: RegistryAnswer): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: { message?: string }[] };
    const message = errors?.[0]?.message;
    return message === undefined ? '' : ` (${cleanLine(message, 200)})`;
  } catch {
    return '';
  }
}

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
