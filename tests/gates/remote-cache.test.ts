import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { gateIds } from '@deploy/gates';
import { refusingAddress } from '../support/refusing-address.ts';
import { type Checkout, cachingCheckout, states } from './support/caching-checkout.ts';

const all = (state: string): string[] => gateIds.map((gate) => `${gate} ${state}`);
const TOKEN = 'token-of-the-shared-cache';
const KEY = 'a-key-of-thirty-two-bytes-or-more-for-signing';

describe('a shared cache, on a server that people run themselves', () => {
  let server: Server;
  let colleague: Checkout;
  before(async () => {
    server = await cacheServer();
    colleague = await cachingCheckout({ cargo: 'stand-in' });
    const first = await colleague.run({ env: server.env });
    assert.deepEqual(states(first), all('miss'), first.text);
  });
  after(async () => {
    await colleague[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test('another checkout gets every verdict from it, with the log and where it was established', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    const explained = await checkout.explain({ env: server.env });
    for (const { expect, reason } of explained) {
      assert.match(
        `${expect}: ${reason}`,
        /^hit: its verdict is in the remote cache; its age is checked when /,
      );
    }
    const run = await checkout.run({ env: server.env });
    assert.deepEqual(states(run), all('hit'), run.text);
    assert.match(run.text, /perf-budget: ok/);
    assert.match(run.text, /cargo-test: passed, replayed from the remote cache; first established/);
    // The server's verdicts are this machine's now.
    assert.deepEqual(states(await checkout.run()), all('hit'));
  });

  test('a change in that checkout is run there, whatever the server has', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    await checkout.add('crates/openagents-id/src/lib.rs', '\n// changed\n');
    const choices = { selected: ['cargo-test', 'wasm-check'] as const };
    const run = await checkout.run({ env: server.env, choices });
    assert.deepEqual(states(run), ['cargo-test miss', 'wasm-check miss']);
  });

  test('with another key, or without one, its verdicts are not believed', async () => {
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    const choices = { selected: ['sw-policy'] as const };
    const other = { ...server.env, TURBO_REMOTE_CACHE_SIGNATURE_KEY: KEY.toUpperCase() };
    assert.deepEqual(states(await checkout.run({ env: other, choices })), ['sw-policy miss']);
    await using unsigned = await cachingCheckout({ cargo: 'stand-in' });
    const env = { ...server.env, TURBO_REMOTE_CACHE_SIGNATURE_KEY: undefined };
    const run = await unsigned.run({ env, choices });
    assert.deepEqual(states(run), ['sw-policy miss']);
    assert.match(
      run.text,
      /the shared cache of verdicts is not used: TURBO_REMOTE_CACHE_SIGNATURE_KEY is unset/,
    );
  });

  test('one that is down, or refuses the token, or says nothing costs time and no verdict', async () => {
    const choices = { selected: ['sw-policy'] as const };
    await using silent = await silentServer();
    await using nobody = await refusingAddress();
    for (const env of [
      { TURBO_API: nobody.url },
      { TURBO_TOKEN: 'another-token' },
      { TURBO_API: silent.url, TURBO_REMOTE_CACHE_TIMEOUT: '1', TURBO_REMOTE_CACHE_UPLOAD_TIMEOUT: '1' },
    ]) {
      await using checkout = await cachingCheckout({ cargo: 'stand-in' });
      const run = await checkout.run({ env: { ...server.env, ...env }, choices });
      assert.deepEqual(states(run), ['sw-policy miss'], run.text);
    }
  });

  test('an artifact that somebody has changed is not believed', async () => {
    const folder = await server.artifacts();
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      const bytes = await readFile(file).catch(() => undefined);
      if (bytes === undefined || name.includes('.')) continue;
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      await writeFile(file, bytes);
    }
    await using checkout = await cachingCheckout({ cargo: 'stand-in' });
    const run = await checkout.run({ env: server.env, choices: { selected: ['sw-policy'] } });
    assert.deepEqual(states(run), ['sw-policy miss']);
  });
});

type Server = {
  env: Record<string, string>;
  /** The folder that its artifacts lie in. */
  artifacts(): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
};

async function cacheServer(): Promise<Server> {
  const store = await mkdtemp(join(tmpdir(), 'cache-server-'));
  const main = createRequire(import.meta.url).resolve('turborepo-remote-cache/package.json');
  const { bin } = JSON.parse(await readFile(main, 'utf8')) as { bin: Record<string, string> | string };
  const script = typeof bin === 'string' ? bin : Object.values(bin)[0];
  const child = spawn(process.execPath, [join(dirname(main), script ?? '')], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      // One that the system gives it: nobody else can be quicker.
      PORT: '0',
      TURBO_TOKEN: TOKEN,
      STORAGE_PROVIDER: 'local',
      STORAGE_PATH: store,
      STORAGE_PATH_USE_TMP_FOLDER: 'false',
      // Any value makes it keep the signatures that it is given.
      TURBO_REMOTE_CACHE_SIGNATURE_KEY: 'on',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await urlOf(child);
  return {
    env: {
      TURBO_API: url,
      TURBO_TOKEN: TOKEN,
      TURBO_TEAM: 'team',
      TURBO_REMOTE_CACHE_SIGNATURE_KEY: KEY,
      // Turbo goes on without a server that is too slow, so that on a busy machine a hit would be a miss.
      TURBO_REMOTE_CACHE_TIMEOUT: '300',
      TURBO_REMOTE_CACHE_UPLOAD_TIMEOUT: '300',
    },
    async artifacts() {
      const [team = ''] = await readdir(store);
      return join(store, team);
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      await rm(store, { recursive: true, force: true });
    },
  };
}

/** Where a server listens, as its log says. */
async function urlOf({ stdout }: ChildProcess): Promise<string> {
  assert.ok(stdout);
  for await (const line of createInterface({ input: stdout })) {
    const [, url] = /Server listening at (http:[^"]+)/.exec(line) ?? [];
    if (url === undefined) continue;
    // Nobody reads on, and it must not wait for that.
    stdout.resume();
    return url;
  }
  throw new Error('the cache server has ended');
}

async function silentServer(): Promise<{ url: string; [Symbol.asyncDispose](): Promise<void> }> {
  const sockets = new Set<import('node:net').Socket>();
  const server = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
