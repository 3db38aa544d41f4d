import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import {
  accountOf,
  CloudError,
  type Connection,
  connectTo,
  openJobApi,
  openServiceApi,
} from '@deploy/cloudrun';
import type { Emulator } from '@deploy/emulator';
import { cloudWith, LOCATION } from '../support/cloud.ts';
import { googleBehindProxy, googleCertificate } from '../support/google-behind-proxy.ts';

const certificate = await googleCertificate();
after(() => certificate[Symbol.asyncDispose]());

/** What gcloud does without a network. */
const OFFLINE =
  "echo 'ERROR: There was a problem refreshing your current auth tokens: Failed to resolve' >&2; exit 1";

type World = {
  cloud: Emulator;
  connection: Connection;
  /** The arguments of every start of gcloud. */
  starts(): Promise<string[]>;
};

/**
 * Google behind a proxy and a gcloud that gives `first`, then `second`, as tokens that last so long (in seconds); an
 * emulator knows each one's owner and refuses others. At its start number `failsAt`, gcloud does this instead.
 */
async function withGcloud(
  options: {
    lasts: number;
    properties?: object;
    expiredTokens?: string[];
    failsAt?: number;
    failure?: string;
    /** gcloud keeps giving the first token until it is told to fetch another one. */
    isClockBehind?: boolean;
  },
  use: (world: World) => Promise<void>,
): Promise<void> {
  const people = {
    'first-token-0123456789': 'alice@example.com',
    'second-token-0123456789': 'alice@example.com',
  };
  await using cloud = await cloudWith({
    people,
    requireLogin: true,
    expiredTokens: options.expiredTokens ?? [],
    jobs: [{ name: 'migrate', image: 'registry.example.com/runtime:two' }],
  });
  await using google = await googleBehindProxy(cloud, certificate, 'unused');
  const folder = await mkdtemp(join(tmpdir(), 'gcloud-'));
  try {
    const properties = options.properties ?? { core: { account: 'alice@example.com' } };
    await writeFile(
      join(folder, 'gcloud'),
      `#!/bin/sh
echo "$@" >> '${folder}/starts'
[ $(wc -l < '${folder}/starts') -eq ${options.failsAt ?? 0} ] && { ${options.failure ?? OFFLINE}; }
${
  options.isClockBehind
    ? 'case "$*" in *--force-auth-refresh*) token=second;; *) token=first;; esac'
    : `[ $(wc -l < '${folder}/starts') -eq 1 ] && token=first || token=second`
}
cat <<END
{"credential": {"access_token": "$token-token-0123456789", "token_expiry": "$(date -u -d '+${options.lasts} seconds' +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -v+${options.lasts}S +%Y-%m-%dT%H:%M:%SZ)"},
 "configuration": {"properties": ${JSON.stringify(properties)}}}
END
`,
    );
    await chmod(join(folder, 'gcloud'), 0o755);
    const env = {
      PATH: `${folder}:${process.env.PATH}`,
      HTTPS_PROXY: google.proxyUrl,
      CURL_CA_BUNDLE: certificate.certFile,
    };
    const settings = { emulatorHost: undefined, accessToken: undefined, credentialsFile: undefined };
    await use({
      cloud,
      connection: connectTo(settings, env),
      starts: async () => (await readFile(join(folder, 'starts'), 'utf8')).trimEnd().split('\n'),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

const ASKED = 'config config-helper --format=json --min-expiry=10m';
const FORCED = 'config config-helper --format=json --force-auth-refresh';

test('gcloud is started once a run, for a token that lasts: for calls at once, one after another, and the account', async () => {
  // Google's own library would ask for another one in the last five minutes.
  await withGcloud({ lasts: 200 }, async ({ connection, starts }) => {
    const api = await openServiceApi(connection, LOCATION);
    await Promise.all([api.read(), api.read()]);
    await api.read();
    assert.equal(await accountOf(connection), 'alice@example.com');
    assert.deepEqual(await starts(), [ASKED]);
  });
});

test('a token that is about to expire is renewed', async () => {
  await withGcloud({ lasts: 5 }, async ({ connection, starts, cloud }) => {
    const api = await openServiceApi(connection, LOCATION);
    await api.read();
    assert.ok((await starts()).length > 1);
    assert.ok(cloud.requests.every(({ status }) => status === 200));
  });
});

test('a token that is refused is renewed once, and the call made again', async () => {
  await withGcloud({ lasts: 3000, expiredTokens: ['first-token-0123456789'] }, async (world) => {
    const api = await openServiceApi(world.connection, LOCATION);
    await Promise.all([api.read(), api.read()]);
    await api.read();
    assert.deepEqual(await world.starts(), [ASKED, FORCED]);
    assert.equal(world.cloud.requests.filter(({ status }) => status === 200).length, 3);
  });
});

test("a token that is refused is renewed for jobs too, which the vendor's client asks for", async () => {
  await withGcloud(
    { lasts: 3000, expiredTokens: ['first-token-0123456789'] },
    async ({ connection, starts }) => {
      const jobs = await openJobApi(connection, LOCATION);
      assert.equal((await jobs.readJob('migrate')).image, 'registry.example.com/runtime:two');
      assert.deepEqual(await starts(), [ASKED, FORCED]);
    },
  );
});

test('a token that has expired, but not by the clock of a machine that was asleep, is renewed', async () => {
  const options = { lasts: 3000, expiredTokens: ['first-token-0123456789'], isClockBehind: true };
  await withGcloud(options, async ({ connection, cloud }) => {
    await (await openServiceApi(connection, LOCATION)).read();
    assert.deepEqual(
      cloud.requests.map(({ status }) => status),
      [401, 200],
    );
  });
});

test('a token that cannot be renewed now is asked for again with the next call', async () => {
  await withGcloud({ lasts: 5, failsAt: 3 }, async ({ connection, cloud }) => {
    const api = await openServiceApi(connection, LOCATION);
    await api.read();
    await assert.rejects(api.read(), (error) => {
      assert.ok(error instanceof CloudError, String(error));
      assert.equal(error.kind, 'unauthenticated');
      assert.match(
        error.message,
        /^gcloud cannot give an access token: ERROR: There was a problem refreshing/,
      );
      return true;
    });
    await api.read();
    assert.equal(cloud.requests.filter(({ status }) => status === 200).length, 2);
  });
});

for (const [what, said] of [
  [
    'that has no network for a moment',
    'There was a problem refreshing your current auth tokens: HTTPSConnectionPool(host=oauth2.googleapis.com, port=443): Max retries exceeded with url: /token',
  ],
  ['whose tokens another gcloud is writing', 'gcloud crashed (OperationalError): database is locked'],
] as const) {
  test(`a gcloud ${what} is asked again at once, and the call is made`, async () => {
    const failure = `echo 'ERROR: ${said}' >&2; exit 1`;
    await withGcloud({ lasts: 5, failsAt: 3, failure }, async ({ connection, cloud }) => {
      const api = await openServiceApi(connection, LOCATION);
      await api.read();
      await api.read();
      assert.equal(cloud.requests.filter(({ status }) => status === 200).length, 2);
    });
  });
}

test('when the account of gcloud is gone in the middle, the script goes on as nobody else', async () => {
  const failure = "echo 'ERROR: You do not currently have an active account selected.' >&2; exit 1";
  await withGcloud({ lasts: 5, failsAt: 3, failure }, async ({ connection }) => {
    const api = await openServiceApi(connection, LOCATION);
    await api.read();
    const message = /gcloud has no account any more, or is no longer on the PATH/;
    await assert.rejects(api.read(), { kind: 'unauthenticated', message });
    await api.read();
  });
});

for (const [what, printed] of [
  ['is not JSON', 'Your token: first-token-0123456789'],
  ['has no token', '{"credential": null}'],
] as const) {
  test(`an answer of gcloud that ${what} is told, and not shown`, async () => {
    await withGcloud({ lasts: 5, failsAt: 1, failure: `echo '${printed}'; exit 0` }, async (world) => {
      const api = await openServiceApi(world.connection, LOCATION);
      await assert.rejects(api.read(), (error) => {
        assert.ok(error instanceof CloudError, String(error));
        assert.match(
          error.message,
          /^gcloud cannot give an access token: its answer (?:is not JSON|has none)$/,
        );
        assert.ok(!inspect(error, { depth: 9 }).includes('first-token'));
        return true;
      });
    });
  });
}

test('two refusals are final', async () => {
  const expiredTokens = ['first-token-0123456789', 'second-token-0123456789'];
  await withGcloud({ lasts: 3000, expiredTokens }, async ({ connection, starts }) => {
    await assert.rejects((await openServiceApi(connection, LOCATION)).read(), { kind: 'unauthenticated' });
    assert.deepEqual(await starts(), [ASKED, FORCED]);
  });
});

test('with impersonation, the account on record is the one that acts, and who it is', async () => {
  const properties = {
    core: { account: 'alice@example.com' },
    auth: { impersonate_service_account: 'hop@x.iam.gserviceaccount.com,robot@x.iam.gserviceaccount.com' },
  };
  await withGcloud({ lasts: 3000, properties }, async ({ connection }) => {
    assert.equal(
      await accountOf(connection),
      'robot@x.iam.gserviceaccount.com (impersonated by alice@example.com)',
    );
  });
});
