import type { Secret } from '@deploy/cli';

/** Who acts, in order of preference: an explicit token or credentials file, then gcloud's active account. */
export type Identity =
  | { kind: 'none' }
  | { kind: 'access-token'; token: Secret }
  | { kind: 'credentials-file'; path: string }
  | { kind: 'gcloud-or-default' };

export const HOW_TO_LOG_IN =
  'Set CLOUDSDK_AUTH_ACCESS_TOKEN or GOOGLE_APPLICATION_CREDENTIALS, or log in: gcloud auth login';

export function chooseIdentity(settings: {
  emulatorHost: string | undefined;
  accessToken: Secret | undefined;
  credentialsFile: string | undefined;
}): Identity {
  // The emulator gets a person's own token, if one was given, so that it knows who is calling. It never gets other
  // credentials.
  if (settings.accessToken !== undefined) return { kind: 'access-token', token: settings.accessToken };
  if (settings.emulatorHost !== undefined) return { kind: 'none' };
  if (settings.credentialsFile !== undefined)
    return { kind: 'credentials-file', path: settings.credentialsFile };
  return { kind: 'gcloud-or-default' };
}
