import { createRequire } from 'node:module';
import type { buildConnector as BuildConnector, Dispatcher, Pool as UndiciPool } from 'undici';

// The parts of undici that a connection pool needs. Its front door also loads fetch, caches and web sockets, which took
// 80 ms of this process's 250; these parts take 35. The version is pinned, and every smoke test goes through here.
const require = createRequire(import.meta.url);

type SendRequest = (this: Dispatcher, options: Dispatcher.RequestOptions) => Promise<Dispatcher.ResponseData>;

export const Pool: typeof UndiciPool = require('undici/lib/dispatcher/pool.js');
export const buildConnector: typeof BuildConnector = require('undici/lib/core/connect.js');
export const sendRequest: SendRequest = require('undici/lib/api/api-request.js');
