import { Buffer } from 'node:buffer';
import type { Secret } from '@deploy/cli';
import { parseChallenge, tokenUrl } from './challenge.ts';

export type RegistryAnswer = {
  status: number;
  headers: { get(name: string): string | null };
  text: string;
};

/** A registry, asked about one repository. Throws what the network throws when there is no answer. */
export type RegistryClient = {
  ask(method: 'GET' | 'HEAD', path: string): Promise<RegistryAnswer>;
};

export type RegistryOptions = {
  /** `https://us-central1-docker.pkg.dev`, without a slash at the end. */
  origin: string;
  /** A Google access token, for a registry of Google's; never sent to any other host than the registry's own. */
  accessToken: Secret | undefined;
};

const TIMEOUT_MS = 10_000;
const RETRIES = 3;

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
export async function openRegistry({ origin, accessToken }: RegistryOptions): Promise<RegistryClient> {
  const [{ Agent, EnvHttpProxyAgent, fetch }, { default: pRetry }] = await Promise.all([
    import('undici'),
    import('p-retry'),
  ]);
  // What is on this machine is not reached through a proxy.
  const dispatcher = new URL(origin).protocol === 'http:' ? new Agent() : new EnvHttpProxyAgent();
  let token: string | undefined;

  const sendOnce = async (method: 'GET' | 'HEAD', url: string, headers: Record<string, string>) => {
    const answer = await fetch(url, {
      method,
      headers: { accept: `${MANIFEST_TYPES}, application/json`, ...headers },
      dispatcher,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  // Everything here is a read. What still gets no better answer at the last attempt is the answer.
  const send = (...request: Parameters<typeof sendOnce>): Promise<RegistryAnswer> =>
    pRetry(
      async (attempt) => {
        const answer = await sendOnce(...request);
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
      const challenge =
        first.status === 401 ? parseChallenge(first.headers.get('www-authenticate')) : undefined;
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
