import type { Connection } from './connection.ts';
import { openAuthClient } from './identity.ts';

// A login serves all clients of a run: asking gcloud for it takes a second each time.
const authClients = new WeakMap<Connection, ReturnType<typeof openAuthClient>>();

/** What every one of the vendor's clients is opened with: REST, and the emulator or a login. */
export async function clientOptions(connection: Connection) {
  const { emulatorHost, identity } = connection;
  const opened = authClients.get(connection) ?? openAuthClient(identity);
  authClients.set(connection, opened);
  const authClient = await opened;
  return { fallback: true, authClient, ...endpoint(emulatorHost) };
}

function endpoint(emulatorHost: string | undefined) {
  if (emulatorHost === undefined) return {};
  const { hostname, port } = new URL(`http://${emulatorHost}`);
  return { protocol: 'http', apiEndpoint: hostname, port: Number(port || 80) };
}
