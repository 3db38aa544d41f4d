import { isIP } from 'node:net';
import { cleanLine } from './clean-text.ts';
import { UserError } from './errors.ts';

/**
 * When a local Cloud Run is used (at `emulatorHost`), throws a UserError unless the URL leads to this machine, to the
 * local Cloud Run's machine or to a private network: a rehearsal must never touch the real service. The message names
 * the variable that the URL came from.
 */
export function requireRehearsalUrl(emulatorHost: string | undefined, url: string, variable: string): void {
  if (emulatorHost === undefined) return;
  const { hostname } = new URL(url);
  const emulator = URL.parse(`http://${emulatorHost}`)?.hostname;
  if (hostname === emulator || isPrivate(hostname)) return;
  throw new UserError(
    `${variable} leads to ${cleanLine(hostname, 120)}, while CLOUD_RUN_EMULATOR_HOST sends everything else to a local Cloud Run at ${cleanLine(emulatorHost, 120)}`,
    {
      hint: `A rehearsal must not touch a real service: set ${variable} to the local service's URL, which the preflight shows, or unset CLOUD_RUN_EMULATOR_HOST.`,
    },
  );
}

/**
 * Whether a host is a name without a dot, a name reserved for this machine, or a private address (RFC 1122, 1918, 3927,
 * 4193 or 4291).
 */
function isPrivate(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '');
  switch (isIP(bare)) {
    case 4:
      return /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\.|^0\.0\.0\.0$/.test(bare);
    case 6:
      return /^(?:::1?$|f[cd]|fe[89ab])/i.test(bare);
    default:
      return !bare.includes('.') || bare.endsWith('.localhost');
  }
}
