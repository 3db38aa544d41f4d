import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Secret, UserError } from '@deploy/cli';
import { type CloudError, connectTo, openServiceApi } from '@deploy/cloudrun';
import { authority, certificateFile, type LeafOptions } from '../support/authority.ts';
import { cloudEnv, cloudWith, LOCATION, revisionNames, serving } from '../support/cloud.ts';
import { pinnedCloud } from '../support/colleague.ts';
import { googleBehindProxy } from '../support/google-behind-proxy.ts';
import { refusingAddress } from '../support/refusing-address.ts';
import { runScriptProcess } from '../support/run-script.ts';

const TOKEN = 'alice-token-0123456789';
const ca = await authority('network trouble');
const trusted = await certificateFile(ca);
after(() => trusted[Symbol.asyncDispose]());

const HOST = '*.googleapis.com';
const DAY_MS = 24 * 3600 * 1000;
const inDays = (days: number): Date => new Date(Date.now() + days * DAY_MS);

/** Google behind a proxy, with this certificate. */
async function google(leaf: LeafOptions = { host: HOST }) {
  const cloud = await cloudWith({ people: { [TOKEN]: 'alice@example.com' }, requireLogin: true });
  const behind = await googleBehindProxy(cloud, await ca.issue(leaf), TOKEN);
  const connection = connectTo(
    { emulatorHost: undefined, accessToken: new Secret(TOKEN), credentialsFile: undefined },
    { HTTPS_PROXY: behind.proxyUrl, CURL_CA_BUNDLE: trusted.path },
  );
  return {
    cloud,
    ...behind,
    api: await openServiceApi(connection, LOCATION),
    async [Symbol.asyncDispose]() {
      await behind[Symbol.asyncDispose]();
      await cloud.close();
    },
  };
}

describe('a name server that does not answer for a moment', () => {
  const onAPath = (cloud: { host: string }, lookups: number) => ({
    CLOUD_RUN_EMULATOR_HOST: cloud.host.replace('127.0.0.1', 'localhost'),
    NODE_OPTIONS: `--import=${import.meta.resolve('../support/preload/failing-resolver.ts')}`,
    FAILING_LOOKUPS: String(lookups),
  });

  test('stops no rollback', async () => {
    await using cloud = await pinnedCloud();
    const target = revisionNames(cloud)[1] ?? '';
    const env = { ...cloudEnv(cloud), ...onAPath(cloud, 3) };
    const run = await runScriptProcess('canary-rollout', ['rollback', target], { env });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.deepEqual(serving(cloud), [`${target}=100`]);
  });

  test('is named when it does not come back', async () => {
    await using cloud = await pinnedCloud();
    const env = { ...cloudEnv(cloud), ...onAPath(cloud, 1000) };
    const run = await runScriptProcess('canary-rollout', ['status'], { env });
    assert.equal(run.exitCode, 1);
    assert.match(
      run.stderr,
      /^error: reading service control: the API could not be reached \(EAI_AGAIN: getaddrinfo EAI_AGAIN localhost\)\nCheck the network/m,
    );
  });
});

describe('a proxy', () => {
  for (const status of [408, 429, 502, 503, 504]) {
    test(`that answers ${status} for a moment stops nothing`, async () => {
      await using here = await google();
      here.refuseTunnels(status, 2);
      assert.equal((await here.api.read()).name, LOCATION.service);
    });
  }

  test('that answers 503 all along is named', async () => {
    await using here = await google();
    here.refuseTunnels(503, 100);
    await assert.rejects(here.api.read(), (error: CloudError) => {
      assert.equal(error.kind, 'unanswered');
      assert.match(
        error.message,
        /could not be reached \(the proxy http:\/\/127\.\S+ \(HTTPS_PROXY\): .* \(503\)\)$/,
      );
      assert.match(error.hint ?? '', /^Ask the proxy's operators/);
      return true;
    });
  });

  test('that forbids the connection is asked once', async () => {
    await using here = await google();
    here.refuseTunnels(403, 1);
    await assert.rejects(here.api.read(), { kind: 'refused' });
  });
});

test('a token that cannot be fetched for want of a network is no reason to log in again', async () => {
  await using nobody = await refusingAddress();
  const folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  try {
    const credentials = join(folder, 'credentials.json');
    const person = { type: 'authorized_user', client_id: 'client', client_secret: 'its-secret-0123456789' };
    await writeFile(credentials, JSON.stringify({ ...person, refresh_token: 'refresh-token-0123456789' }));
    const run = await runScriptProcess('canary-rollout', ['status'], {
      env: {
        PROJECT: LOCATION.project,
        GOOGLE_APPLICATION_CREDENTIALS: credentials,
        HTTPS_PROXY: nobody.url,
      },
    });
    assert.equal(run.exitCode, 1);
    assert.match(
      run.stderr,
      /^error: no access token could be fetched \(.*HTTPS_PROXY.*\)\nCheck the network/m,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('an answer from somebody else than Google counts as none, and says what it looks like', () => {
  for (const [name, leaf, code] of [
    ['the login page of a network', { host: 'login.example.com' }, /does not match certificate's altnames/],
    ['a clock that is ahead', { host: HOST, from: inDays(-3), until: inDays(-1) }, /certificate has expired/],
    [
      'a clock that is behind',
      { host: HOST, from: inDays(2), until: inDays(3) },
      /certificate is not yet valid/,
    ],
  ] as const) {
    test(name, async () => {
      await using here = await google(leaf);
      await assert.rejects(here.api.read(), (error: CloudError) => {
        assert.ok(error instanceof UserError, error);
        assert.equal(error.kind, 'unanswered');
        assert.match(error.message, code);
        assert.match(error.hint ?? '', /this machine's clock, and whether a proxy or the login page/);
        return true;
      });
    });
  }

  test('what is not HTTP', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as { port: number };
      const connection = connectTo(
        { emulatorHost: `127.0.0.1:${port}`, accessToken: undefined, credentialsFile: undefined },
        {},
      );
      await assert.rejects((await openServiceApi(connection, LOCATION)).read(), {
        kind: 'unanswered',
        message: /the API could not be reached \(HPE_\w+: /,
      });
    } finally {
      server.close();
    }
  });
});
