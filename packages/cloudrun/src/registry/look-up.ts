import { createHash } from 'node:crypto';
import { cleanLine, errorMessage } from '@deploy/cli';
import type { Connection } from '../google/connection.ts';
import type { HttpAnswer } from '../google/http.ts';
import { isGoogleRegistry, openRegistry, type Registry } from './client.ts';
import { type ImageReference, parseImageReference } from './image-reference.ts';
import { type Platforms, platformsOf } from './platforms.ts';

/** What a registry says about an image. */
export type ImageLookup =
  /** `platforms` are those that it was built for, if that is known. */
  | { state: 'found'; digest: string; platforms: Platforms | undefined }
  | { state: 'missing'; newestTags: readonly string[] }
  /** The registry refused or did not answer; `why` is one line. */
  | { state: 'failed'; why: string; denied: boolean }
  /** The image is not in one of Google's registries. */
  | { state: 'not-looked-up' };

type TagList = {
  /** Each manifest with its tags and upload time. Artifact Registry adds this; it is not in the specification. */
  manifest?: Record<string, { tag?: string[]; timeUploadedMs?: string }>;
};

const NEWEST_SHOWN = 5;

/** Looks up an image, by tag or digest, if it is in one of Google's registries. */
export async function lookUpImage(connection: Connection, image: string): Promise<ImageLookup> {
  const reference = parseImageReference(image);
  const { host } = reference;
  if (!isGoogleRegistry(host)) return { state: 'not-looked-up' };
  try {
    return await lookUp(openRegistry(connection, host), host, reference);
  } catch (error) {
    return { state: 'failed', why: whyIn(error), denied: false };
  }
}

function whyIn(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return cleanLine(`${errorMessage(error)}${cause}`, 300);
}

/** `unknown` if the registry could not be asked or gave no answer; `why` is one line. */
type Membership = 'yes' | 'no' | { unknown: true; why: string };

/**
 * Whether `index` is an image for several platforms and `digest` is its image for one of them. When a tag of such an
 * index is deployed, Cloud Run reports `digest`, not `index`.
 */
export async function isIndexOf(
  connection: Connection,
  image: string,
  { index, digest }: { index: string; digest: string },
): Promise<Membership> {
  const { host, repository } = parseImageReference(image);
  if (!isGoogleRegistry(host)) return 'no';
  try {
    const ask = openRegistry(connection, host);
    const { status, text } = await ask(`/v2/${repository}/manifests/${index}`);
    if (status === 404) return 'no';
    if (status !== 200) return { unknown: true, why: `${host} answers ${status}` };
    const { manifests = [] } = JSON.parse(text) as { manifests?: { digest?: string }[] };
    return manifests.some((each) => each.digest === digest) ? 'yes' : 'no';
  } catch (error) {
    return { unknown: true, why: whyIn(error) };
  }
}

async function lookUp(
  ask: Registry,
  host: string,
  { repository, tag = 'latest', digest }: ImageReference,
): Promise<ImageLookup> {
  const path = `/v2/${repository}/manifests/${digest ?? tag}`;
  const answer = await ask(path);
  if (answer.status === 200) {
    const given = answer.headers['docker-content-digest']?.toString();
    const platforms = await platformsOf(ask, { host, repository, manifest: answer.text });
    // A registry may leave out the header with the digest. If so, compute the digest from the manifest's text.
    return { state: 'found', digest: given ?? digest ?? sha256(answer.text), platforms };
  }
  if (answer.status === 404) return { state: 'missing', newestTags: await newestTags(ask, repository) };
  const denied = answer.status === 401 || answer.status === 403;
  return { state: 'failed', why: `${host} answers ${answer.status}${reasonIn(answer)}`, denied };
}

async function newestTags(ask: Registry, repository: string): Promise<string[]> {
  const { status, text } = await ask(`/v2/${repository}/tags/list`);
  const { manifest = {} } = (status === 200 ? JSON.parse(text) : {}) as TagList;
  return Object.values(manifest)
    .sort((a, b) => Number(b.timeUploadedMs ?? 0) - Number(a.timeUploadedMs ?? 0))
    .flatMap(({ tag = [] }) => tag)
    .slice(0, NEWEST_SHOWN);
}

/**
 * The first message in a registry's error, in parentheses:
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
function reasonIn({ text }: HttpAnswer): string {
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
