import { COMMAND_NOT_FOUND, cleanLine, type Environment, runCommand, Secret } from '@deploy/cli';
import { CHECK_NETWORK, CloudError } from './cloud-error.ts';
import { HOW_TO_LOG_IN } from './identity.ts';

/** A token of gcloud's active account. */
export type GcloudLogin = {
  token: Secret;
  /** In milliseconds since 1970. */
  expiresAt: number;
  /** The account that the token belongs to: the impersonated one, if gcloud impersonates an account. */
  account: string | undefined;
};

type HelperAnswer = {
  credential?: { access_token?: string; token_expiry?: string };
  configuration?: {
    properties?: { core?: { account?: string }; auth?: { impersonate_service_account?: string } };
  };
};

/**
 * Asks gcloud for a token of its active account that stays valid for at least ten minutes. By default, gcloud may
 * return one that is about to expire, and asking again would take a second. With `isRefused`, Google has refused the
 * token that gcloud gave last. gcloud must then fetch another one, even if the last one is still valid by this
 * machine's clock, which may be behind after the machine was asleep. Undefined when gcloud is missing or has no
 * account. Throws a CloudError when gcloud has an account but returns no token.
 */
export async function askGcloud(
  env: Environment,
  { isRefused = false }: { isRefused?: boolean } = {},
): Promise<GcloudLogin | undefined> {
  const how = isRefused ? '--force-auth-refresh' : '--min-expiry=10m';
  const command = ['gcloud', 'config', 'config-helper', '--format=json', how];
  const answer = await runCommand(command, { env: definedOnly(env) });
  if (
    answer.exitCode === COMMAND_NOT_FOUND ||
    /do(es)? not currently have an active account/.test(answer.stderr)
  ) {
    return undefined;
  }
  if (answer.exitCode !== 0) throw noToken(cleanLine(answer.stderr, 300));
  const { credential, configuration } = readAnswer(answer.stdout);
  if (!credential?.access_token) throw noToken('its answer has none');
  return {
    token: new Secret(credential.access_token),
    expiresAt: Date.parse(credential.token_expiry ?? ''),
    account: actingAccount(configuration?.properties),
  };
}

// What gcloud says when it cannot reach Google, and when another gcloud is writing the same file of tokens:
// https://github.com/openshift/release/pull/68528 https://github.com/google/oss-fuzz-gen/issues/163
const PASSING = /HTTPSConnectionPool|TransportError|ConnectionError|timed out|database is locked/i;

function noToken(why: string): CloudError {
  const isPassing = PASSING.test(why);
  return new CloudError(
    isPassing ? 'unanswered' : 'unauthenticated',
    `gcloud cannot give an access token: ${why}`,
    { hint: isPassing ? CHECK_NETWORK : HOW_TO_LOG_IN, cause: undefined },
  );
}

function readAnswer(text: string): HelperAnswer {
  try {
    return JSON.parse(text) as HelperAnswer;
  } catch {
    // The answer is not quoted and not kept as the cause, because a token may be in it.
    throw noToken('its answer is not JSON');
  }
}

/**
 * In a chain of impersonated accounts, the last one acts:
 * https://cloud.google.com/sdk/gcloud/reference#--impersonate-service-account
 */
function actingAccount(
  properties: NonNullable<HelperAnswer['configuration']>['properties'] = {},
): string | undefined {
  const person = properties.core?.account;
  const impersonated = properties.auth?.impersonate_service_account?.split(',').at(-1)?.trim();
  if (!impersonated) return person;
  return person === undefined ? impersonated : `${impersonated} (impersonated by ${person})`;
}

function definedOnly(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
