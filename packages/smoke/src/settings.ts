import {
  cleanLine,
  dropTrailingSlashes,
  outputFormat,
  path,
  type Secret,
  type Setting,
  secretText,
  text,
  tokenText,
  UserError,
  wholeNumber,
} from '@deploy/cli';

/** A bypass token. It travels in a URL that the service does not decode, so only some characters survive. */
export function bypassTokenText(name: string, meaning: string): Setting<Secret | undefined> {
  return secretText(name, meaning, {
    pattern: /^[A-Za-z0-9._~+/=-]+$/,
    refusal: 'may hold only letters, digits and . _ ~ + / = -',
    hint: 'The token travels in a URL that the service does not decode; other characters would not survive.',
  });
}

/** The variables that both smoke scripts read. */
export const smokeSettings = {
  baseUrl: text('OPENAGENTS_BASE_URL', 'URL of the service to check (required)'),
  service: text(
    'SERVICE',
    'service that OPENAGENTS_BASE_URL should lead to; a warning is printed if the evidence reports show that it leads to another one',
  ),
  emulatorHost: text(
    'CLOUD_RUN_EMULATOR_HOST',
    'host:port of a local Cloud Run; if set, only services on this machine or in a private network can be checked',
  ),
  timeoutSeconds: wholeNumber(
    'SMOKE_TIMEOUT_SECONDS',
    { min: 1, max: 600, default: 30 },
    'how long one request may take, in seconds',
  ),
  retries: wholeNumber(
    'SMOKE_RETRIES',
    { min: 0, max: 20, default: 0 },
    'how many times to retry a request that hits a cold start: refused, reset, 429, 502, or 503 with Retry-After',
  ),
  format: outputFormat(
    'SMOKE_FORMAT',
    'how the outcome is printed on stdout; auto means text here, even when stdout is not a terminal',
    {
      lines: 'text',
    },
  ),
  junit: path('SMOKE_JUNIT', 'file to write the outcome to as JUnit XML, in addition to stdout'),
};

export const controlSmokeSettings = {
  ...smokeSettings,
  accessToken: tokenText(
    'OPENAGENTS_CONTROL_ACCESS_TOKEN',
    'access token for checking the session and token routes as well',
  ),
  bypassToken: bypassTokenText(
    'OPENAGENTS_MAINTENANCE_BYPASS_TOKEN',
    'bypass token, to check a service in its maintenance window',
  ),
};

// Browsers and servers refuse longer URLs.
const LONGEST = 2000;

/**
 * Checks the base URL and drops its trailing slashes. With a trailing slash, the health check would request
 * `//healthz`, get the service's catch-all page and pass wrongly. Throws a UserError that names the variable when the
 * URL is missing or invalid.
 */
export function requireBaseUrl(given: string | undefined, variable = 'OPENAGENTS_BASE_URL'): string {
  if (given === undefined) {
    throw new UserError(`${variable} is unset`, {
      hint: `Set it to the service to check, for instance ${variable}=https://staging.openagents.com`,
    });
  }
  const trimmed = dropTrailingSlashes(given.slice(0, LONGEST + 1));
  if (given.length <= LONGEST && isBaseUrl(trimmed)) return trimmed;
  // A password may hold `@` and `/`, so hide everything up to the last `@`.
  const shown = cleanLine(trimmed.replace(/\/\/.*@/s, '//…@'), 120);
  throw new UserError(
    `${variable} is "${shown}", which is not usable: it must be an http or https URL without a user, a query or a fragment`,
    {
      hint: 'For instance: https://staging.openagents.com',
    },
  );
}

function isBaseUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    // Tests the text itself, because a URL parser would also accept a URL without a host, or with an empty query.
    /^https?:\/\/[^/?#@\\]+(?:\/[^?#\\]*)?$/i.test(text) &&
    /^[\x21-\x7e]+$/.test(text) &&
    `${url.username}${url.password}${url.search}${url.hash}` === ''
  );
}
