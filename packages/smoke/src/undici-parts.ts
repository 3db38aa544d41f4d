import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { buildConnector as BuildConnector, Dispatcher, Pool } from 'undici';

// The parts of undici that a connection pool needs. Importing all of undici also loads fetch, caches and web sockets,
// which took 80 ms of this process's 250 ms; these parts take 35 ms. A new version may move internal files, but the
// version is pinned, and every smoke test would notice.
const require = createRequire(import.meta.url);

/** Opens a connection and returns its socket at once. undici's connectors do so, but their types do not say it. */
export type Connect = (...args: Parameters<BuildConnector.connector>) => Socket;

type SendRequest = (this: Dispatcher, options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>;

export function loadConnector(): (options: BuildConnector.BuildOptions) => Connect {
  return require('undici/lib/core/connect.js');
}

export function loadPool(): typeof Pool {
  return require('undici/lib/dispatcher/pool.js');
}

export function loadRequest(): SendRequest {
  return require('undici/lib/api/api-request.js');
}
