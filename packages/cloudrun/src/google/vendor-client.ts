import type { Connection } from './connection.ts';
import { fetchOver } from './http-fetch.ts';
import { googleRest } from './rest.ts';

/**
 * Options for the vendor's clients: REST, to Google or to the emulator, with this connection's own requests. By default
 * google-gax uses its own agent, which makes gaxios ignore every proxy.
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
