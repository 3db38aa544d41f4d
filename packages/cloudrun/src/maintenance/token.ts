import {
  extendedError,
  type Program,
  performAction,
  type Secret,
  tellIfInterrupted,
  UserError,
} from '@deploy/cli';
import type { Connection } from '../google/connection.ts';
import {
  addSecretVersion,
  createSecret,
  isSecretMissing,
  openSecretApi,
  requireEnabledVersion,
} from '../secrets.ts';
import type { ServiceLocation } from '../service-location.ts';

export type BypassToken = {
  /** The new token to store; undefined to keep the stored one. */
  token: Secret | undefined;
  /** The secret in Secret Manager that holds the token. */
  secretName: string;
};

/**
 * Makes sure that the secret holds a token, before anything about the service changes. If there is a new token, stores
 * it, and creates the secret if that is missing. Without a new token, checks that the stored one can be read. Throws a
 * UserError.
 */
export async function prepareToken(
  connection: Connection,
  location: ServiceLocation,
  { token, secretName }: BypassToken,
  run: { dryRun: boolean; out: Program['out'] },
): Promise<void> {
  const openApi = () => openSecretApi(connection, location);
  if (token === undefined) {
    await performAction(requireEnabledVersion(openApi, secretName), run);
    return;
  }
  const notice = {
    message: 'while the new token was being stored',
    hint: `It may or may not be in secret ${secretName}. Running this again stores it once more, which does no harm.`,
  };
  await tellIfInterrupted(connection.signal, notice, async () => {
    const missing = await performAction(isSecretMissing(openApi, secretName), run);
    if (!missing.dryRun && missing.outcome)
      await performAction(createSecret(openApi, location.project, secretName), run);
    await performAction(addSecretVersion(openApi, location.project, secretName, token), run);
  });
}

function storedIn(secretName: string): string {
  return `The new token is already stored, as the latest version of secret ${secretName}; running this again stores it once more, which does no harm.`;
}

/**
 * Adds to the hint of an error that the new token is already stored. Without a new token, returns the error as it is.
 */
export function withStoredToken(error: unknown, { token, secretName }: BypassToken): unknown {
  if (token === undefined || !(error instanceof UserError)) return error;
  return extendedError(error, '', storedIn(secretName));
}
