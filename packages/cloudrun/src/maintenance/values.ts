import { cleanLine, type Secret, secretText, textWithDefault, UserError } from '@deploy/cli';

/** The configuration of a maintenance window, checked against what the service accepts. */
export type MaintenanceValues = {
  cookieName: string;
  cookieTtlSeconds: number;
  /** Comma-separated, as the service expects it. */
  allowedPaths: string;
  /** The secret in Secret Manager that holds the bypass token. */
  secretName: string;
};

export const maintenanceSettings = {
  allowedPaths: textWithDefault(
    'MAINTENANCE_ALLOWED_PATHS',
    '/healthz,/readyz',
    'paths that stay reachable, separated by commas; a final * matches any suffix',
  ),
  cookieName: textWithDefault(
    'MAINTENANCE_BYPASS_COOKIE_NAME',
    'oa_maintenance_bypass',
    'name of the bypass cookie',
  ),
  cookieTtl: textWithDefault(
    'MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS',
    '900',
    'how long the bypass cookie lasts, in seconds',
  ),
  secretName: textWithDefault(
    'MAINTENANCE_BYPASS_SECRET_NAME',
    'openagents-control-maintenance-bypass-token',
    'secret that holds the bypass token',
  ),
  token: secretText(
    'MAINTENANCE_BYPASS_TOKEN',
    'bypass token; `enable` stores it as a new version of the secret',
  ),
};

type MaintenanceTexts = { allowedPaths: string; cookieName: string; cookieTtl: string; secretName: string };

// A cookie name is an HTTP token: https://datatracker.ietf.org/doc/html/rfc6265#section-4.1.1
const COOKIE_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/;
// The service silently replaces a shorter time with its default.
const SHORTEST_TTL_SECONDS = 60;
const TTL = /^[1-9][0-9]{0,9}$/;
// An absolute path. A star may only stand at the end, where it makes the entry a prefix. An entry cannot hold a comma,
// because the service splits the list at commas.
const ALLOWED_PATH = /^\/[A-Za-z0-9._~!$&'()+;=:@%/-]*\*?$/;
// https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create (secretId)
const SECRET_NAME = /^[A-Za-z0-9_-]{1,255}$/;
// Only characters that need no encoding in a URL: the token is part of one, and the service compares it without
// decoding.
const TOKEN = /^[A-Za-z0-9._~-]+$/;
const SHORT_TOKEN = 16;

/**
 * Checks the values of a maintenance window, because the service silently replaces unusable ones with its defaults.
 * Throws a UserError that names the variable.
 */
export function checkMaintenanceValues(texts: MaintenanceTexts): MaintenanceValues {
  const { allowedPaths, cookieName, cookieTtl, secretName } = texts;
  requireThat(
    COOKIE_NAME.test(cookieName),
    'MAINTENANCE_BYPASS_COOKIE_NAME',
    cookieName,
    'a cookie name: letters, digits, _ and -',
  );
  requireThat(
    TTL.test(cookieTtl) && Number(cookieTtl) >= SHORTEST_TTL_SECONDS,
    'MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS',
    cookieTtl,
    `a whole number of seconds, at least ${SHORTEST_TTL_SECONDS}`,
  );
  for (const path of allowedPaths.split(',')) {
    requireThat(
      ALLOWED_PATH.test(path),
      'MAINTENANCE_ALLOWED_PATHS',
      path,
      'an absolute path with at most a final *, in a list separated by commas without spaces',
    );
  }
  requireThat(
    SECRET_NAME.test(secretName),
    'MAINTENANCE_BYPASS_SECRET_NAME',
    secretName,
    'a secret name: letters, digits, _ and -',
  );
  return { cookieName, cookieTtlSeconds: Number(cookieTtl), allowedPaths, secretName };
}

/** Checks a bypass token, without ever quoting it. Returns a warning if it is easy to guess. */
export function checkToken(token: Secret): string | undefined {
  const value = token.reveal();
  if (!TOKEN.test(value)) {
    throw new UserError('MAINTENANCE_BYPASS_TOKEN may hold only letters, digits and . _ ~ -', {
      hint: 'It is part of a URL, where other characters do not work. For instance: openssl rand -hex 24',
    });
  }
  return value.length < SHORT_TOKEN
    ? `MAINTENANCE_BYPASS_TOKEN is only ${value.length} characters long; ${SHORT_TOKEN} or more are hard to guess`
    : undefined;
}

function requireThat(holds: boolean, name: string, value: string, expected: string): void {
  if (!holds) throw new UserError(`${name} holds "${cleanLine(value, 80)}", which is not ${expected}`);
}
