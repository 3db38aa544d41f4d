import { readFile } from 'node:fs/promises';
import { cleanLine, type Environment, errorMessage, type Secret, UserError } from '@deploy/cli';
import type { AuthClient, GoogleAuth } from 'google-auth-library';
import { askGcloud, type GcloudLogin } from './gcloud-login.ts';
import type { Http } from './http.ts';
import { fetchOver } from './http-fetch.ts';
import { HOW_TO_LOG_IN, type Identity } from './identity.ts';

/** A login for the length of a run. */
export type Login = {
  /** What a request to that URL carries. Throws a UserError when there is no login. */
  headers(url: string): Promise<Readonly<Record<string, string>>>;
  /** Gets another token after these headers were refused; false when there is no other to be had. */
  renew(refused: Readonly<Record<string, string>>): Promise<boolean>;
  /** The account that acts, for the record; undefined if unknown, as for a bare access token. */
  account(): Promise<string | undefined>;
};

/** Opens the login of an identity; nothing is asked before the first request needs it. */
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

// While it is on its way a token may not expire.
const MARGIN_MS = 60_000;

function gcloudOrDefault(http: Http, env: Environment): Login {
  let asked: Promise<GcloudLogin | undefined> | undefined;
  const ask = (): Promise<GcloudLogin | undefined> => {
    asked ??= askGcloud(env);
    return asked;
  };
  /** Asks for another one than this, once for all who find it wanting at the same time. */
  const askAnew = (known: Promise<GcloudLogin | undefined>): Promise<GcloudLogin | undefined> => {
    if (asked === known) asked = undefined;
    return ask();
  };
  const fallback = libraryLogin(http);
  return {
    async headers(url) {
      const known = ask();
      let login = await known;
      if (login === undefined) return fallback.headers(url);
      if (login.expiresAt - Date.now() < MARGIN_MS) login = await askAnew(known);
      if (login === undefined)
        throw new UserError('gcloud is gone from the PATH; cannot renew the access token');
      return bearer(login.token);
    },
    async renew({ authorization }) {
      const known = ask();
      const login = await known;
      if (login === undefined) return false;
      const isKnown = bearer(login.token).authorization === authorization;
      const next = isKnown ? await askAnew(known) : login;
      return next !== undefined && bearer(next.token).authorization !== authorization;
    },
    async account() {
      // Whoever acts next with this login says what is wrong with it.
      const login = await ask().catch(() => undefined);
      return login === undefined ? fallback.account() : login.account;
    },
  };
}

/**
 * A login by Google's own library: a key file, a person's or an impersonated one's credentials, an external account, or
 * whatever application-default credentials there are. It renews its tokens itself.
 */
function libraryLogin(http: Http): Login {
  let opened: Promise<{ auth: GoogleAuth; client: AuthClient }> | undefined;
  const open = () => {
    opened ??= openLibrary(http);
    return opened;
  };
  return {
    async headers(url) {
      const { client } = await open();
      try {
        return Object.fromEntries(await client.getRequestHeaders(url));
      } catch (error) {
        throw noLogin(error);
      }
    },
    renew: async () => false,
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
  // It finds the file of GOOGLE_APPLICATION_CREDENTIALS by itself; given a path, it complains on stderr.
  const auth = new GoogleAuth({
    scopes: 'https://www.googleapis.com/auth/cloud-platform',
    // Nobody uses it here; without one, the library starts gcloud and asks around for seconds.
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
 * Makes a client ask for its tokens the way that everything else is asked, through a proxy where there is one. An account
 * that is impersonated has a client within the client, which no option reaches.
 */
function sendOver(http: Http, client: AuthClient): void {
  client.transporter.defaults.fetchImplementation = fetchOver(http);
  const { sourceClient } = client as AuthClient & { sourceClient?: AuthClient };
  if (sourceClient !== undefined) sendOver(http, sourceClient);
}

function noLogin(error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError(`no usable login (${cleanLine(errorMessage(error), 300)})`, {
    hint: HOW_TO_LOG_IN,
    cause: error,
  });
}

function bearer(token: Secret): { authorization: string } {
  return { authorization: `Bearer ${token.reveal()}` };
}

/** The account that a credentials file stands for: its own, or the one that it impersonates. */
async function accountInFile(path: string): Promise<string | undefined> {
  try {
    const { client_email: own, service_account_impersonation_url: url } = JSON.parse(
      await readFile(path, 'utf8'),
    ) as Record<string, unknown>;
    const [, impersonated] =
      typeof url === 'string' ? (/\/serviceAccounts\/([^/:]+):generateAccessToken$/.exec(url) ?? []) : [];
    return impersonated ?? (typeof own === 'string' ? own : undefined);
  } catch {
    // Whoever acts next with this login says what is wrong with it.
    return undefined;
  }
}
