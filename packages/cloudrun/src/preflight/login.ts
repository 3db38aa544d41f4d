import { type Finding, findingsOf } from '@deploy/cli';
import { CloudError } from '../google/cloud-error.ts';
import type { Connection } from '../google/connection.ts';
import { HOW_TO_LOG_IN } from '../google/identity.ts';
import { accountOf } from '../google/rest.ts';
import { readTokenInfo } from '../google/token-info.ts';
import type { ServiceLocation } from '../service-location.ts';
import { problem, type Read } from './read.ts';

const { ok, warning, error } = findingsOf('login');

/** Who is logged in, and for how long if the login is a token that nothing renews; undefined where unknown. */
type FoundLogin = { readonly account: string | undefined; readonly lastsMs: number | undefined };

/** Finds out who is logged in. If the login does not say it, this asks Google whom the access token belongs to. */
export async function findLogin(connection: Connection, location: ServiceLocation): Promise<FoundLogin> {
  const { kind } = connection.identity;
  const account = await accountOf(connection);
  if (account !== undefined || kind === 'none') return { account, lastsMs: undefined };
  const { email, lastsMs } = await readTokenInfo(connection, location, 'repeatable');
  return { account: email, lastsMs: kind === 'access-token' ? lastsMs : undefined };
}

// Gates alone may take this long, and a deployment must still be able to see what came of it.
const SHORT_MS = 20 * 60_000;
const NEW_TOKEN =
  'Get a new one before you deploy, with gcloud auth print-access-token. A login of gcloud, or GOOGLE_APPLICATION_CREDENTIALS, is renewed by itself.';

/** Whether the account may use the project, judging by the result of reading the service. */
export function checkLogin(
  { account, lastsMs }: FoundLogin,
  connection: Connection,
  { project }: ServiceLocation,
  service: Read<unknown>,
): Finding {
  const who = account ?? nameless(connection);
  if (service.read || isAbsent(service.error)) {
    const found = `${who} can read project ${project}`;
    return lastsMs === undefined || lastsMs >= SHORT_MS
      ? ok(found)
      : warning(`${found}, but the access token ends in ${Math.floor(lastsMs / 60_000)} min`, NEW_TOKEN);
  }
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
