import type { Identity } from './identity.ts';

/** How to reach Google: the real thing, or a local Cloud Run at `emulatorHost` (host:port). */
export type Connection = { emulatorHost: string | undefined; identity: Identity };

/** Where the REST API at that host of Google's is: there, or at the emulator. */
export function endpointOf(emulatorHost: string | undefined, host: string): string {
  return emulatorHost === undefined ? `https://${host}` : `http://${emulatorHost}`;
}
