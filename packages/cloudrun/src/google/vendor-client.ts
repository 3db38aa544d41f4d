import type { Connection } from './connection.ts';
import { fetchOver } from './http-fetch.ts';
import { googleRest } from './rest.ts';

/**
 * Options that make Google's client libraries use REST and send every request through this connection, to Google or to
 * the emulator. Without them, google-gax brings its own agent, and then gaxios ignores every proxy.
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
