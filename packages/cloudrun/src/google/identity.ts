import { readFile } from 'node:fs/promises';
import { cleanLine, errorMessage, runCommand, Secret, UserError } from '@deploy/cli';
import type { AuthClient } from 'google-auth-library';

/** Who acts, in the order of preference: an explicit token or credentials file, then gcloud's active account. */
export type Identity =
  | { kind: 'none' }
  | { kind: 'access-token'; token: Secret }
  | { kind: 'credentials-file' }
  | { kind: 'gcloud-or-default' };

export const HOW_TO_LOG_IN =
  'Log in with: gcloud auth login (or set CLOUDSDK_AUTH_ACCESS_TOKEN or GOOGLE_APPLICATION_CREDENTIALS).';

export function chooseIdentity(settings: {
  emulatorHost: string | undefined;
  accessToken: Secret | undefined;
  credentialsFile: string | undefined;
}): Identity {
  // A person's own token may be given to a local Cloud Run, which then tells people apart; nothing else goes there.
  if (settings.accessToken !== undefined) return { kind: 'access-token', token: settings.accessToken };
  if (settings.emulatorHost !== undefined) return { kind: 'none' };
  if (settings.credentialsFile !== undefined) return { kind: 'credentials-file' };
  return { kind: 'gcloud-or-default' };
}

/**
 * The auth client for Google's API clients. gcloud's active account is asked for one token, which gcloud refreshes when
 * it has to; without gcloud, application-default credentials are found. Throws a UserError when there is no login.
 */
export async function openAuthClient(identity: Identity): Promise<AuthClient> {
  switch (identity.kind) {
    case 'none': {
      const { PassThroughClient } = await import('google-auth-library');
      return new PassThroughClient();
    }
    case 'access-token':
      return tokenClient(identity.token.reveal());
    case 'credentials-file':
      return defaultCredentials();
    case 'gcloud-or-default': {
      const login = await gcloudLogin();
      return login === undefined ? defaultCredentials() : tokenClient(login.token.reveal(), login.expiresAt);
    }
  }
}

// Found here and not by the API clients, which look for credentials in the background and then fail twice.
async function defaultCredentials(): Promise<AuthClient> {
  const { GoogleAuth } = await import('google-auth-library');
  try {
    return await new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' }).getClient();
  } catch (error) {
    throw new UserError(`no usable login (${cleanLine(errorMessage(error), 300)})`, {
      hint: HOW_TO_LOG_IN,
      cause: error,
    });
  }
}

async function tokenClient(token: string, expiresAt?: number): Promise<AuthClient> {
  const { OAuth2Client } = await import('google-auth-library');
  const client = new OAuth2Client();
  client.setCredentials({
    access_token: token,
    ...(expiresAt === undefined ? {} : { expiry_date: expiresAt }),
  });
  if (expiresAt !== undefined) {
    client.refreshHandler = async () => {
      const next = await gcloudLogin({ anew: true });
      if (next === undefined)
        throw new UserError('gcloud is gone from the PATH; cannot renew the access token');
      return { access_token: next.token.reveal(), expiry_date: next.expiresAt };
    };
  }
  return client;
}

type GcloudLogin = { token: Secret; expiresAt: number; account: string | undefined };

let asked: Promise<GcloudLogin | undefined> | undefined;

/**
 * gcloud's active account, with a token; undefined when there is no gcloud or it has no account at all. gcloud takes a
 * second to start, so it is asked once, and again only when the token has to be a new one.
 */
function gcloudLogin({ anew } = { anew: false }): Promise<GcloudLogin | undefined> {
  if (anew) asked = undefined;
  asked ??= askGcloud();
  return asked;
}

async function askGcloud(): Promise<GcloudLogin | undefined> {
  const answer = await runCommand(['gcloud', 'config', 'config-helper', '--format=json']);
  if (answer.exitCode === 127 || /do(es)? not currently have an active account/.test(answer.stderr)) {
    return undefined;
  }
  if (answer.exitCode !== 0) {
    throw new UserError(`gcloud cannot give an access token: ${cleanLine(answer.stderr, 300)}`, {
      hint: HOW_TO_LOG_IN,
    });
  }
  const { credential, configuration } = JSON.parse(answer.stdout) as {
    credential: { access_token: string; token_expiry: string };
    configuration?: { properties?: { core?: { account?: string } } };
  };
  return {
    token: new Secret(credential.access_token),
    expiresAt: Date.parse(credential.token_expiry),
    account: configuration?.properties?.core?.account,
  };
}

/** The account that acts, for the record; undefined when that cannot be told, as of a bare access token. */
export async function accountOf(
  identity: Identity,
  credentialsFile: string | undefined,
): Promise<string | undefined> {
  try {
    if (identity.kind === 'gcloud-or-default') return (await gcloudLogin())?.account;
    if (identity.kind !== 'credentials-file' || credentialsFile === undefined) return undefined;
    const { client_email: account } = JSON.parse(await readFile(credentialsFile, 'utf8')) as Record<
      string,
      unknown
    >;
    return typeof account === 'string' ? account : undefined;
  } catch {
    // Whoever acts next with this login says what is wrong with it.
    return undefined;
  }
}
