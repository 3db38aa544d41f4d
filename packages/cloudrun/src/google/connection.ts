import { cleanLine, type Environment, type Secret, UserError } from '@deploy/cli';
import { chooseIdentity, type Identity } from './identity.ts';
import { patience, type QuotaPatience } from './quota.ts';

/** How to reach Google or, if `emulatorHost` (host:port) is given, the local emulator of Cloud Run. */
export type Connection = {
  emulatorHost: string | undefined;
  identity: Identity;
  /** Names the proxy to use and the certificates to trust. */
  env: Environment;
  /** Aborts every call over this connection, and every pause between calls. */
  signal?: AbortSignal | undefined;
  /** If given, calls wait for a quota that is used up. If not, they fail after some seconds, as a poll should. */
  quota?: QuotaPatience | undefined;
};

/** The values of the settings in `cloudSettings` that say how to reach Google. */
export type ConnectionSettings = {
  emulatorHost: string | undefined;
  accessToken: Secret | undefined;
  credentialsFile: string | undefined;
};

/**
 * Makes a connection from a script's settings. Given `note`, calls wait for a used-up quota, and `note` gets the reason.
 * Throws a UserError when the emulator's address is not a host and a port.
 */
export function connectTo(
  settings: ConnectionSettings,
  env: Environment,
  signal?: AbortSignal,
  note?: (line: string) => void,
): Connection {
  const { emulatorHost } = settings;
  if (emulatorHost !== undefined) requireHostAndPort(emulatorHost);
  const quota = note && patience(note);
  return { emulatorHost, identity: chooseIdentity(settings), env, signal, quota };
}

/** The base URL of a Google API, at Google or at the emulator. */
export function endpointOf(emulatorHost: string | undefined, host: string): string {
  return emulatorHost === undefined ? `https://${host}` : `http://${emulatorHost}`;
}

const HOST_AND_PORT = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/;

function requireHostAndPort(emulatorHost: string): void {
  if (isHostAndPort(emulatorHost)) return;
  const bare = emulatorHost.replace(/^[a-z]+:\/\//i, '').replace(/\/.*$/s, '');
  throw new UserError(
    `CLOUD_RUN_EMULATOR_HOST is "${cleanLine(emulatorHost, 80)}", but must be a host and a port, without a scheme or a path`,
    { hint: `For instance: CLOUD_RUN_EMULATOR_HOST=${isHostAndPort(bare) ? bare : '127.0.0.1:8080'}` },
  );
}

function isHostAndPort(text: string): boolean {
  return HOST_AND_PORT.test(text) && URL.canParse(`http://${text}`);
}
