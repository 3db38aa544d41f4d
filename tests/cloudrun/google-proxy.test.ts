import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import dns from 'node:dns';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Secret, UserError } from '@deploy/cli';
import {
  accountOf,
  type Connection,
  connectTo,
  errorFilter,
  openJobApi,
  openLogApi,
  openSecretApi,
  openServiceApi,
} from '@deploy/cloudrun';
import { verifyFromOutside } from '@deploy/cloudrun/maintenance';
import { checkCloud } from '@deploy/cloudrun/preflight';
import type { Emulator } from '@deploy/emulator';
import {
  type GoogleBehindProxy,
  googleBehindProxy,
  googleCertificate,
} from '../support/google-behind-proxy.ts';
import { refusingAddress } from '../support/refusing-address.ts';
import { runScriptProcess } from '../support/run-script.ts';
import { DOMAIN, NEW_IMAGE, PROJECT, SERVICE, staging } from '../support/staging.ts';

const LOCATION = { project: PROJECT, region: 'us-central1', service: SERVICE };
const TOKEN = 'alice-token-0123456789';
const certificate = await googleCertificate();
after(() => certificate[Symbol.asyncDispose]());

type World = { cloud: Emulator; google: GoogleBehindProxy; [Symbol.asyncDispose](): Promise<void> };

/** A cloud that tells people apart, behind a proxy. */
async function world(): Promise<World> {
  const cloud = await staging({
    people: { [TOKEN]: 'alice@example.com' },
    requireLogin: true,
    jobs: [{ name: 'migrate', image: NEW_IMAGE, executions: [{}] }],
    logEntries: [{ service: SERVICE, payload: 'it broke' }],
  });
  const google = await googleBehindProxy(cloud, certificate, TOKEN);
  return {
    cloud,
    google,
    async [Symbol.asyncDispose]() {
      await google[Symbol.asyncDispose]();
      await cloud.close();
    },
  };
}

// The certificate is trusted as an operator's own would be: by a variable that curl knows as well.
const envOf = ({ proxyUrl }: GoogleBehindProxy, variable = 'HTTPS_PROXY') => ({
  [variable]: proxyUrl,
  CURL_CA_BUNDLE: certificate.certFile,
});

const connect = (
  env: Record<string, string>,
  settings: Partial<Parameters<typeof connectTo>[0]> = { accessToken: new Secret(TOKEN) },
): Connection =>
  connectTo(
    { emulatorHost: undefined, accessToken: undefined, credentialsFile: undefined, ...settings },
    env,
  );

describe('every call to Google goes through the proxy that the environment names', () => {
  const calls: [string, string[], (connection: Connection) => Promise<unknown>][] = [
    ['services', ['run.googleapis.com:443'], async (to) => (await openServiceApi(to, LOCATION)).read()],
    [
      'revisions, in Admin v2 and Knative v1',
      ['run.googleapis.com:443', 'us-central1-run.googleapis.com:443'],
      async (to) => {
        const api = await openServiceApi(to, LOCATION);
        const { latestReadyRevision = '' } = await api.read();
        return api.readRunningRevision(latestReadyRevision);
      },
    ],
    [
      'a write',
      ['run.googleapis.com:443'],
      async (to) => {
        const api = await openServiceApi(to, LOCATION);
        const { traffic, template, etag } = await api.read();
        return api.write({ traffic, template: { ...template, labels: { a: 'b' } } }, etag);
      },
    ],
    [
      'secrets',
      ['secretmanager.googleapis.com:443'],
      async (to) => (await openSecretApi(to, LOCATION)).create('new'),
    ],
    [
      'logs',
      ['logging.googleapis.com:443'],
      async (to) =>
        (await openLogApi(to, LOCATION)).newest({ filter: errorFilter(SERVICE, new Date(0)), limit: 5 }),
    ],
    [
      'jobs, by the vendor’s client',
      ['run.googleapis.com:443'],
      async (to) => (await openJobApi(to, LOCATION)).newestExecution('migrate'),
    ],
    [
      'the preflight: registry, domain mapping, access policies, whose the token is',
      [
        'cloudresourcemanager.googleapis.com:443',
        'oauth2.googleapis.com:443',
        'run.googleapis.com:443',
        'secretmanager.googleapis.com:443',
        'us-central1-docker.pkg.dev:443',
        'us-central1-run.googleapis.com:443',
      ],
      async (connection) => {
        const { findings, facts } = await checkCloud({
          connection,
          location: LOCATION,
          image: NEW_IMAGE,
          domain: DOMAIN,
          expectedTraffic: undefined,
        });
        assert.deepEqual(
          findings.filter(({ state }) => state === 'error' || state === 'warning'),
          [],
        );
        assert.match(facts.digest ?? '', /^sha256:/);
        assert.equal(facts.account, 'owner-of-the-token@example.com');
      },
    ],
  ];
  for (const [name, tunnels, call] of calls) {
    test(name, async () => {
      await using here = await world();
      await call(connect(envOf(here.google)));
      assert.deepEqual(here.google.tunnels().sort(), tunnels);
    });
  }

  for (const variable of ['https_proxy', 'ALL_PROXY', 'all_proxy']) {
    test(`named by ${variable}`, async () => {
      await using here = await world();
      await (await openServiceApi(connect(envOf(here.google, variable)), LOCATION)).read();
      assert.deepEqual(here.google.tunnels(), ['run.googleapis.com:443']);
    });
  }

  test('but not calls to hosts of NO_PROXY, and not those to the emulator', async (t) => {
    await using here = await world();
    // Only who does not ask the proxy looks up a name. There is none to be found, whatever network this machine is in.
    const lookedUp = new Set<string>();
    t.mock.method(dns, 'lookup', (name: string, _: unknown, done: (error: Error) => void) => {
      lookedUp.add(name);
      setImmediate(done, Object.assign(new Error(`no ${name}`), { code: 'ENOTFOUND' }));
    });
    const env = envOf(here.google);
    const accessToken = new Secret(TOKEN);
    const read = async (connection: Connection) => (await openServiceApi(connection, LOCATION)).read();
    await read(connect(env, { accessToken, emulatorHost: here.cloud.host }));
    const emulatorHost = 'emulator.invalid:8080';
    await Promise.all([
      assert.rejects(read(connect(env, { accessToken, emulatorHost })), UserError),
      assert.rejects(read(connect({ ...env, NO_PROXY: '.googleapis.com' }, { accessToken })), UserError),
    ]);
    assert.deepEqual(here.google.tunnels(), []);
    assert.deepEqual([...lookedUp].sort(), ['emulator.invalid', 'run.googleapis.com']);
  });

  test('the look from outside at a maintenance window goes through the proxy as well', async () => {
    await using cloud = await staging();
    await using google = await googleBehindProxy({ url: cloud.service(SERVICE).uri }, certificate, TOKEN);
    await verifyFromOutside('https://staging.googleapis.com', 'off', '', { env: envOf(google) });
    assert.deepEqual(google.tunnels(), ['staging.googleapis.com:443']);
  });

  test('a proxy that nobody serves is named, with its variable', async () => {
    await using nobody = await refusingAddress();
    const env = { HTTPS_PROXY: nobody.url };
    await assert.rejects((await openServiceApi(connect(env), LOCATION)).read(), (error: Error) => {
      assert.match(error.message, /HTTPS_PROXY/);
      assert.ok(error.message.includes(nobody.host), error.message);
      return error instanceof UserError;
    });
  });
});

describe('tokens come through the proxy as well', () => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const keyFile = {
    type: 'service_account',
    client_email: 'deployer@example.iam.gserviceaccount.com',
    private_key: privateKey,
    project_id: PROJECT,
    token_uri: 'https://oauth2.googleapis.com/token',
  };
  const person = {
    type: 'authorized_user',
    client_id: 'client',
    client_secret: 'client-secret-0123456789',
    refresh_token: 'refresh-token-0123456789',
  };
  const target =
    'https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/robot@example.iam.gserviceaccount.com:generateAccessToken';
  const rows: [string, (folder: string) => Promise<object>, RegExp[], string | undefined][] = [
    [
      'of a service account’s key',
      async () => keyFile,
      [/^oauth2\.googleapis\.com \/token$/],
      keyFile.client_email,
    ],
    ['of a person', async () => person, [/^oauth2\.googleapis\.com \/token$/], undefined],
    [
      'of an account that a person impersonates',
      async () => ({
        type: 'impersonated_service_account',
        service_account_impersonation_url: target,
        source_credentials: person,
        delegates: [],
      }),
      [/^oauth2\.googleapis\.com \/token$/, /^iamcredentials\.googleapis\.com /],
      'robot@example.iam.gserviceaccount.com',
    ],
    [
      'of a workload elsewhere',
      async (folder) => {
        const file = join(folder, 'subject-token');
        await writeFile(file, 'subject-token-0123456789');
        return {
          type: 'external_account',
          audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          token_url: 'https://sts.googleapis.com/v1/token',
          service_account_impersonation_url: target,
          credential_source: { file },
        };
      },
      [/^sts\.googleapis\.com \/v1\/token$/, /^iamcredentials\.googleapis\.com /],
      'robot@example.iam.gserviceaccount.com',
    ],
  ];
  for (const [name, credentials, asked, account] of rows) {
    test(name, async () => {
      await using here = await world();
      const folder = await mkdtemp(join(tmpdir(), 'credentials-'));
      try {
        const credentialsFile = join(folder, 'credentials.json');
        await writeFile(credentialsFile, JSON.stringify(await credentials(folder)));
        const env = {
          HTTPS_PROXY: here.google.proxyUrl,
          NODE_EXTRA_CA_CERTS: certificate.certFile,
          GOOGLE_APPLICATION_CREDENTIALS: credentialsFile,
          PROJECT,
          SERVICE,
        };
        const run = await runScriptProcess('canary-rollout', ['status'], { env });
        assert.deepEqual([run.exitCode, run.stderr], [0, ''], run.stderr);
        assert.equal(here.google.tokenRequests.length, asked.length, here.google.tokenRequests.join('\n'));
        asked.forEach((pattern, i) => {
          assert.match(here.google.tokenRequests[i] ?? '', pattern);
        });
        assert.deepEqual(
          here.cloud.requests.map(({ person: who }) => who),
          ['alice@example.com'],
        );
        assert.equal(await accountOf(connect({}, { credentialsFile })), account);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
