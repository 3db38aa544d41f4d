import { type Finding, findingsOf } from '@deploy/cli';
import { CloudError } from '../google/cloud-error.ts';
import type { Connection } from '../google/connection.ts';
import { HOW_TO_LOG_IN } from '../google/identity.ts';
import { accountOf, googleRest } from '../google/rest.ts';
import type { ServiceLocation } from '../service-location.ts';
import { problem, type Read } from './read.ts';

const { ok, error } = findingsOf('login');

/**
 * The account that is logged in; undefined if unknown. If the login does not name it, this asks Google whom the access
 * token belongs to (https://cloud.google.com/docs/authentication/token-types#access-contents).
 */
export async function findAccount(
  connection: Connection,
  location: ServiceLocation,
): Promise<string | undefined> {
  const known = await accountOf(connection);
  if (known !== undefined || connection.identity.kind === 'none') return known;
  try {
    const { email } = await googleRest(connection).repeatable<{ email?: string }>(
      { doing: 'asking whose access token this is', location },
      { method: 'POST', host: 'oauth2.googleapis.com', path: '/tokeninfo' },
    );
    return email;
  } catch {
    // Not a failed check, because the account's name is only information. Other calls show whether the login works.
    return undefined;
  }
}

/** Whether the account may use the project, judging by the result of reading the service. */
export function checkLogin(
  account: string | undefined,
  connection: Connection,
  { project }: ServiceLocation,
  service: Read<unknown>,
): Finding {
  const who = account ?? nameless(connection);
  if (service.read || isAbsent(service.error)) return ok(`${who} can read project ${project}`);
  const [found, advice = HOW_TO_LOG_IN] = problem(service.error);
  return error(`${who} cannot read project ${project}: ${found}`, advice);
}

/**
 * Whether the answer was "not found". Cloud Run gives that answer only to callers with read permission, so the login is
 * good.
 */
export function isAbsent(error: unknown): boolean {
  return error instanceof CloudError && error.kind === 'not-found';
}

function nameless({ identity, emulatorHost }: Connection): string {
  if (identity.kind === 'none') return `an anonymous caller (a local Cloud Run at ${emulatorHost})`;
  return 'an unknown account';
}
