import { cleanLine, type Environment, type Secret, UserError } from '@deploy/cli';
import { chooseIdentity, type Identity } from './identity.ts';

/** How to reach Google: the real thing, or a local Cloud Run at `emulatorHost` (host:port). */
export type Connection = {
  emulatorHost: string | undefined;
  identity: Identity;
  /** Says which proxy to go through, and which certificates to trust. */
  env: Environment;
  /** Ends every call over this connection, and every wait between calls. */
  signal?: AbortSignal | undefined;
};

/** Settings of a script that say how to reach Google; see `cloudSettings`. */
export type ConnectionSettings = {
  emulatorHost: string | undefined;
  accessToken: Secret | undefined;
  credentialsFile: string | undefined;
};

/** The connection that a script's settings ask for. Throws a UserError when the emulator's address is not one. */
export function connectTo(settings: ConnectionSettings, env: Environment, signal?: AbortSignal): Connection {
  const { emulatorHost } = settings;
  if (emulatorHost !== undefined) requireHostAndPort(emulatorHost);
  return { emulatorHost, identity: chooseIdentity(settings), env, signal };
}

/** Where the REST API at that host of Google's is: there, or at the emulator. */
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
