import type { Connection } from './connection.ts';
import { fetchOver } from './http-fetch.ts';
import { googleRest } from './rest.ts';

/**
 * What the vendor's clients are opened with: REST to Google or the emulator, over the connection's own requests. Left to
 * itself google-gax brings an agent of its own, with which gaxios passes over every proxy.
 */
export async function clientOptions(connection: Connection) {
  const { PassThroughClient } = await import('google-auth-library');
  const { http, login } = googleRest(connection);
  const fetchImplementation = fetchOver(http, login.headers);
  const authClient = new PassThroughClient({ transporterOptions: { fetchImplementation } });
  return { fallback: true, authClient, ...endpoint(connection.emulatorHost) };
}

function endpoint(emulatorHost: string | undefined) {
  if (emulatorHost === undefined) return {};
  const { hostname, port } = new URL(`http://${emulatorHost}`);
  return { protocol: 'http', apiEndpoint: hostname, port: Number(port || 80) };
}
