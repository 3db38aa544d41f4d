import { Buffer } from 'node:buffer';
import type { Secret } from '@deploy/cli';
import type { Http } from '../google/http.ts';
import { parseChallenge, tokenUrl } from './challenge.ts';

export type RegistryAnswer = {
  status: number;
  header(name: string): string | undefined;
  text: string;
};

/** A registry, asked about one repository. Throws what the network throws when there is no answer. */
export type RegistryClient = {
  ask(method: 'GET' | 'HEAD', path: string): Promise<RegistryAnswer>;
};

export type RegistryOptions = {
  http: Http;
  /** `https://us-central1-docker.pkg.dev`, without a slash at the end. */
  origin: string;
  /** A Google access token, for a registry of Google's; never sent to any other host than the registry's own. */
  accessToken: Secret | undefined;
};

const TIMEOUT_MS = 10_000;
const RETRIES = 3;
const MOST_REDIRECTS = 5;

// An index for many platforms or a manifest for one, in OCI's or in Docker's spelling.
const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/**
 * Opens a registry: https://github.com/opencontainers/distribution-spec/blob/main/spec.md. It answers without more ado,
 * or says where a token is to be had first (https://distribution.github.io/distribution/spec/auth/token/).
 */
export async function openRegistry({ http, origin, accessToken }: RegistryOptions): Promise<RegistryClient> {
  const { default: pRetry } = await import('p-retry');
  let token: string | undefined;

  const sendOnce = async (
    method: 'GET' | 'HEAD',
    url: string,
    headers: Record<string, string>,
    redirects = 0,
  ): Promise<RegistryAnswer> => {
    const answer = await http.send({
      method,
      url,
      headers: { accept: `${MANIFEST_TYPES}, application/json`, ...headers },
      timeoutMs: TIMEOUT_MS,
    });
    const { location } = answer.headers;
    if (isRedirect(answer.status) && location !== undefined && redirects < MOST_REDIRECTS) {
      const next = new URL(location, url);
      // What lies in a store elsewhere has a login in its own URL; the registry's is none of that store's business.
      const { authorization: _, ...others } = headers;
      const kept = next.origin === new URL(url).origin ? headers : others;
      return sendOnce(method, next.href, kept, redirects + 1);
    }
    const header = (name: string): string | undefined => answer.headers[name]?.toString();
    return { status: answer.status, header, text: answer.text };
  };
  // Everything here is a read. What still gets no better answer at the last attempt is the answer.
  const send = (
    method: 'GET' | 'HEAD',
    url: string,
    headers: Record<string, string>,
  ): Promise<RegistryAnswer> =>
    pRetry(
      async (attempt) => {
        const answer = await sendOnce(method, url, headers);
        if (isPassing(answer) && attempt <= RETRIES) throw new Error(`HTTP ${answer.status}`);
        return answer;
      },
      { retries: RETRIES, minTimeout: 200, factor: 2.5 },
    );
  const withToken = (method: 'GET' | 'HEAD', path: string) =>
    send(method, `${origin}${path}`, token === undefined ? {} : { authorization: `Bearer ${token}` });

  return {
    async ask(method, path) {
      const first = await withToken(method, path);
      const challenge = first.status === 401 ? parseChallenge(first.header('www-authenticate')) : undefined;
      if (challenge === undefined) return first;
      const url = tokenUrl(challenge);
      const login = accessToken !== undefined && new URL(url).origin === origin ? basic(accessToken) : {};
      const given = await send('GET', url, login);
      if (given.status !== 200) return given;
      token = tokenIn(given.text);
      return withToken(method, path);
    },
  };
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/** Whether the same question may get another answer in a moment. */
function isPassing({ status }: RegistryAnswer): boolean {
  return status === 429 || status >= 500;
}

// https://cloud.google.com/artifact-registry/docs/docker/authentication#token
function basic(accessToken: Secret): Record<string, string> {
  const pair = Buffer.from(`oauth2accesstoken:${accessToken.reveal()}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

function tokenIn(text: string): string | undefined {
  const { token, access_token: other } = JSON.parse(text) as { token?: string; access_token?: string };
  return token ?? other;
}
