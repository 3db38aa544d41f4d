import { readFile } from 'node:fs/promises';
import { cleanLine, type Environment, errorMessage, type Secret, UserError } from '@deploy/cli';
import type { AuthClient, GoogleAuth } from 'google-auth-library';
import { CHECK_NETWORK, CloudError, isSilence } from './cloud-error.ts';
import { askGcloud, type GcloudLogin } from './gcloud-login.ts';
import type { Http, HttpAnswer } from './http.ts';
import { fetchOver } from './http-fetch.ts';
import { HOW_TO_LOG_IN, type Identity } from './identity.ts';

/** A login that lasts as long as the run. */
export type Login = {
  /** The headers that authorise a request to this URL. Throws a UserError when there is no login. */
  headers(url: string): Promise<Readonly<Record<string, string>>>;
  /** Gets a new token after these headers were refused. Returns false when no other token is available. */
  renew(refused: Readonly<Record<string, string>>): Promise<boolean>;
  /** The account that acts. Undefined if it is unknown, for instance when only an access token was given. */
  account(): Promise<string | undefined>;
};

/**
 * Sends a request with the login's headers. If the token is refused, sends the request once more with a new token. That
 * is safe, because a refused request was not carried out.
 */
export async function sendWithLogin(
  login: Login,
  url: string,
  send: (headers: Readonly<Record<string, string>>) => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  const headers = await login.headers(url);
  const answer = await send(headers);
  return answer.status === 401 && (await login.renew(headers)) ? send(await login.headers(url)) : answer;
}

/** Opens the login of an identity. Gets no token until the first request needs one. */
export function openLogin(identity: Identity, http: Http, env: Environment): Login {
  switch (identity.kind) {
    case 'none':
      return { headers: async () => ({}), renew: async () => false, account: async () => undefined };
    case 'access-token':
      return {
        headers: async () => bearer(identity.token),
        renew: async () => false,
        account: async () => undefined,
      };
    case 'credentials-file':
      return { ...libraryLogin(http), account: () => accountInFile(identity.path) };
    case 'gcloud-or-default':
      return gcloudOrDefault(http, env);
  }
}

// A token that expires within this time is replaced before the next request, because it might expire on the way.
const MARGIN_MS = 60_000;

function gcloudOrDefault(http: Http, env: Environment): Login {
  let asked: Promise<GcloudLogin | undefined> | undefined;
  let isGcloud = false;
  const askOnce = async (isRefused: boolean): Promise<GcloudLogin | undefined> => {
    const login = await askGcloud(env, { isRefused });
    // In the middle of a run, do not go on as somebody else.
    if (isGcloud && login === undefined)
      throw noLogin(new Error('gcloud has no account any more, or is no longer on the PATH'));
    isGcloud = login !== undefined;
    return login;
  };
  const ask = (isRefused = false): Promise<GcloudLogin | undefined> => {
    asked ??= lasting(askOnce(isRefused), () => {
      asked = undefined;
    });
    return asked;
  };
  /**
   * Asks for a new token to replace `known`, unless another caller has already done so. Callers that find `known`
   * expired at the same time thus share one answer.
   */
  const askAnew = (
    known: Promise<GcloudLogin | undefined>,
    isRefused: boolean,
  ): Promise<GcloudLogin | undefined> => {
    if (asked === known) asked = undefined;
    return ask(isRefused);
  };
  const fallback = libraryLogin(http);
  return {
    async headers(url) {
      const known = ask();
      let login = await known;
      if (login !== undefined && login.expiresAt - Date.now() < MARGIN_MS)
        login = await askAnew(known, false);
      return login === undefined ? fallback.headers(url) : bearer(login.token);
    },
    async renew(refused) {
      const known = ask();
      const login = await known;
      if (login === undefined) return fallback.renew(refused);
      const isKnown = bearer(login.token).authorization === refused.authorization;
      const next = isKnown ? await askAnew(known, true) : login;
      return next !== undefined && bearer(next.token).authorization !== refused.authorization;
    },
    async account() {
      try {
        const login = await ask();
        return login === undefined ? fallback.account() : login.account;
      } catch {
        // gcloud failed, so its account is unknown. The fallback's account may be somebody else's.
        return undefined;
      }
    },
  };
}

/**
 * A login through Google's own library: a key file, a person's credentials, an impersonated or external account, or the
 * application-default credentials. The library renews its tokens itself, but only if it knows when they expire. A token
 * for a workload elsewhere may come without that, and then lasts only as long as the workload's own token; for GitHub
 * Actions, that is five minutes: https://github.com/moby/buildkit/issues/5852
 */
function libraryLogin(http: Http): Login {
  let opened: Promise<{ auth: GoogleAuth; client: AuthClient }> | undefined;
  const open = () => {
    opened ??= lasting(openLibrary(http), () => {
      opened = undefined;
    });
    return opened;
  };
  const headersOf = async ({ client }: { client: AuthClient }, url?: string) => {
    try {
      return Object.fromEntries(await client.getRequestHeaders(url));
    } catch (error) {
      throw noLogin(error);
    }
  };
  return {
    headers: async (url) => headersOf(await open(), url),
    async renew({ authorization }) {
      const known = open();
      const isKnown = (await headersOf(await known)).authorization === authorization;
      // Callers whose requests are refused at the same time share one new token.
      if (isKnown && opened === known) opened = undefined;
      return (await headersOf(await open())).authorization !== authorization;
    },
    async account() {
      try {
        return (await (await open()).auth.getCredentials()).client_email ?? undefined;
      } catch {
        return undefined;
      }
    },
  };
}

async function openLibrary(http: Http) {
  const { GoogleAuth } = await import('google-auth-library');
  // Do not pass the path of GOOGLE_APPLICATION_CREDENTIALS: the library would print a warning on stderr. It reads that
  // variable itself.
  const auth = new GoogleAuth({
    scopes: 'https://www.googleapis.com/auth/cloud-platform',
    // Nothing uses the project, but without one the library starts gcloud and searches for seconds.
    projectId: 'unused',
  });
  try {
    const client = await auth.getClient();
    sendOver(http, client);
    return { auth, client };
  } catch (error) {
    throw noLogin(error);
  }
}

/**
 * Makes a client fetch its tokens through `http`, which uses the proxy if there is one. The client of an impersonated
 * account contains a second client. That one fetches tokens too, but the library has no public option for it.
 */
function sendOver(http: Http, client: AuthClient): void {
  client.transporter.defaults.fetchImplementation = fetchOver(http);
  const { sourceClient } = client as AuthClient & { sourceClient?: AuthClient };
  if (sourceClient !== undefined) sendOver(http, sourceClient);
}

/**
 * The result of asking for a login, to be kept. If asking fails, calls `forget`, so that the next call asks again: the
 * network may be back by then, or a person may have logged in again.
 */
function lasting<T>(asking: Promise<T>, forget: () => void): Promise<T> {
  asking.catch(forget);
  return asking;
}

function noLogin(error: unknown): UserError {
  if (error instanceof UserError) return error;
  const said = cleanLine(errorMessage(error), 300);
  return error instanceof Error && isSilence(error)
    ? new CloudError('unanswered', `no access token could be fetched (${said})`, {
        hint: CHECK_NETWORK,
        cause: error,
      })
    : new CloudError('unauthenticated', `no usable login (${said})`, { hint: HOW_TO_LOG_IN, cause: error });
}

function bearer(token: Secret): { authorization: string } {
  return { authorization: `Bearer ${token.reveal()}` };
}

/** The account of a credentials file: its own, or the one that it impersonates. */
async function accountInFile(path: string): Promise<string | undefined> {
  try {
    const { client_email: own, service_account_impersonation_url: url } = JSON.parse(
      await readFile(path, 'utf8'),
    ) as Record<string, unknown>;
    const [, impersonated] =
      typeof url === 'string' ? (/\/serviceAccounts\/([^/:]+):generateAccessToken$/.exec(url) ?? []) : [];
    return impersonated ?? (typeof own === 'string' ? own : undefined);
  } catch {
    // Ignore an error here: the next request with this login reports it.
    return undefined;
  }
}
