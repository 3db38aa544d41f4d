import { UserError } from '@deploy/cli';
import { type Connection, endpointOf } from '../google/connection.ts';
import type { HttpAnswer } from '../google/http.ts';
import { sendWithLogin } from '../google/login.ts';
import { requireAnswerOfApi } from '../google/other-answers.ts';
import { googleRest } from '../google/rest.ts';
import { mayPass } from '../google/status-codes.ts';

/**
 * Asks a registry for a path, again a few times unless `retries` says otherwise. Throws a UserError if there is no login,
 * and the network's error if there is no answer.
 */
export type Registry = (path: string, options?: { retries: number }) => Promise<HttpAnswer>;

const TIMEOUT_MS = 10_000;
const RETRIES = 3;

// Accept an index for several platforms or a manifest for one, with the media types of OCI or Docker.
const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/json',
].join(', ');

/** Whether this is one of Google's registries, which accept a Google access token. */
export function isGoogleRegistry(host: string | undefined): host is string {
  return host !== undefined && /^(?:[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z0-9-]+\.)?gcr\.io)$/.test(host);
}

/**
 * Opens one of Google's registries, which takes the login as a bearer token:
 * https://cloud.google.com/artifact-registry/docs/reference/docker-api
 */
export function openRegistry(connection: Connection, host: string): Registry {
  const { http, login } = googleRest(connection);
  const origin = endpointOf(connection.emulatorHost, host);
  const send = (path: string): Promise<HttpAnswer> =>
    sendWithLogin(login, origin, (headers) =>
      http.send({
        method: 'GET',
        url: `${origin}${path}`,
        headers: { accept: ACCEPT, ...headers },
        timeoutMs: TIMEOUT_MS,
      }),
    );
  return async (path, { retries } = { retries: RETRIES }) => {
    const { default: pRetry } = await import('p-retry');
    return pRetry(
      async (attempt) => {
        const answer = await send(path);
        // A registry redirects to where a blob is, and explains a refusal in JSON.
        if (answer.status < 300 || answer.status >= 400) requireAnswerOfApi(answer);
        // Safe to repeat, because these requests only read. After the last attempt, return the answer, whatever it is.
        if (mayPass(answer.status) && attempt <= retries) throw new Error(`HTTP ${answer.status}`);
        return answer;
      },
      {
        retries,
        minTimeout: 200,
        factor: 2.5,
        shouldRetry: ({ error }) => !(error instanceof UserError),
      },
    );
  };
}
