import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Finding, Secret } from '@deploy/cli';
import { domainMapping } from '@deploy/emulator';
import { STAGING_SERVICE } from '@deploy/rehearsal/stage';
import { refusingAddress } from '../../support/refusing-address.ts';
import {
  check,
  DOMAIN,
  IMAGES,
  NEW_IMAGE,
  of,
  recordedMappings,
  recordedServices,
  SERVICE,
  staging,
} from '../../support/staging.ts';

const ACCOUNT = '157437760789-compute@developer.gserviceaccount.com';

function only(findings: readonly Finding[], name: string): Finding {
  const [one, ...others] = of(findings, name);
  assert.ok(one, `nothing was found about ${name}`);
  assert.deepEqual(others, []);
  return one;
}

describe('everything holds', () => {
  test('every row passes, and the facts are told', async () => {
    await using cloud = await staging();
    const { findings, facts } = await check(cloud);
    const states = [...new Set(findings.map(({ state, check: name }) => `${name}: ${state}`))];
    assert.deepEqual(states, [
      'login: ok',
      'image: ok',
      'service: ok',
      'traffic: ok',
      'domain mapping: ok',
      'env: required: ok',
      'env: recommended: ok',
      'env: compatibility: ok',
      'secrets: ok',
      'maintenance: note',
    ]);
    assert.match(facts.digest ?? '', /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(facts.domainMapping, { domain: DOMAIN, state: 'ready' });
    assert.equal(facts.baseUrl, `https://${DOMAIN}`);
    assert.ok(findings.every(({ advice }) => advice === undefined));
  });

  test('nothing but reads is asked for', async () => {
    await using cloud = await staging();
    await check(cloud, { identity: { kind: 'access-token', token: new Secret('alice-token') } });
    const writes = cloud.requests.filter(
      ({ method, path }) => !['GET', 'HEAD'].includes(method) && !/:getIamPolicy$|^\/tokeninfo$/.test(path),
    );
    assert.deepEqual(writes, []);
    assert.deepEqual(
      cloud.requests.filter(({ status }) => status >= 400),
      [],
    );
  });
});

describe('login', () => {
  const alice = { kind: 'access-token', token: new Secret('alice-token') } as const;
  const people = { 'alice-token': 'alice@example.com' };

  test('the account is named, also that of a bare access token', async () => {
    await using cloud = await staging({ people, requireLogin: true });
    const { findings, facts } = await check(cloud, { identity: alice });
    assert.equal(facts.account, 'alice@example.com');
    assert.match(only(findings, 'login').found, /^alice@example\.com can read project openagentsgemini$/);
    assert.equal(only(findings, 'image').state, 'ok', only(findings, 'image').found);
  });

  test('a bare access token that ends soon is a warning, because nothing renews it', async () => {
    for (const [tokenLifeSeconds, state] of [
      [1260, 'ok'],
      [1199, 'warning'],
    ] as const) {
      await using cloud = await staging({ people, tokenLifeSeconds });
      const login = only((await check(cloud, { identity: alice })).findings, 'login');
      assert.equal(login.state, state, login.found);
      if (state === 'ok') continue;
      assert.match(
        login.found,
        /^alice@example\.com can read project .*, but the access token ends in 19 min$/,
      );
      assert.match(login.advice ?? '', /^Get a new one before you deploy/);
    }
  });

  test('an expired login is an error that says how to log in; the rest is still told', async () => {
    await using cloud = await staging({ people, expiredTokens: ['alice-token'] });
    const { findings } = await check(cloud, { identity: alice });
    const login = only(findings, 'login');
    assert.equal(login.state, 'error');
    assert.match(login.found, /missing or has expired/);
    assert.match(login.advice ?? '', /gcloud auth login/);
    assert.equal(only(findings, 'image').state, 'error');
    assert.match(only(findings, 'image').advice ?? '', /gcloud auth login/);
    assert.equal(only(findings, 'service').state, 'error');
    assert.equal(only(findings, 'domain mapping').state, 'warning');
    assert.equal(only(findings, 'secrets').state, 'note');
  });

  test('no permission is an error that names the account and the project', async () => {
    await using cloud = await staging({ people, denied: ['run.services.get'] });
    const { findings } = await check(cloud, { identity: alice });
    assert.match(
      only(findings, 'login').found,
      /^alice@example\.com cannot read project openagentsgemini: .*no permission/,
    );
  });

  test('no answer at all is an error, too', async () => {
    await using nobody = await refusingAddress();
    const { findings } = await check(nobody);
    assert.match(only(findings, 'login').found, /could not be reached/);
    assert.match(only(findings, 'image').found, /could not be looked up/);
  });
});

describe('image', () => {
  test('a digest is looked up as it is', async () => {
    await using cloud = await staging();
    const { facts } = await check(cloud);
    const byDigest = await check(cloud, { image: `${IMAGES}@${facts.digest}` });
    assert.equal(only(byDigest.findings, 'image').state, 'ok');
    assert.equal(byDigest.facts.digest, facts.digest);
  });

  test('a tag that is not there is an error with the newest tags that are', async () => {
    await using cloud = await staging();
    const { findings, facts } = await check(cloud, { image: `${IMAGES}:nope` });
    const { state, found, advice } = only(findings, 'image');
    assert.equal(state, 'error');
    assert.match(found, /control:nope is not in its registry/);
    assert.match(advice ?? '', /newest tags: candidate, stable, older$/);
    assert.equal(facts.digest, undefined);
  });

  test('a digest that is not there is an error', async () => {
    await using cloud = await staging();
    const { findings } = await check(cloud, { image: `${IMAGES}@sha256:${'0'.repeat(64)}` });
    assert.equal(only(findings, 'image').state, 'error');
  });

  test('a repository that may not be read is an error', async () => {
    await using cloud = await staging({ denied: ['artifactregistry.repositories.downloadArtifacts'] });
    const { findings } = await check(cloud);
    assert.match(only(findings, 'image').found, /answers 403 .*downloadArtifacts/);
    assert.match(only(findings, 'image').advice ?? '', /roles\/artifactregistry\.reader/);
  });

  test('an image in a registry that is not one of Google is not looked up', async () => {
    await using cloud = await staging();
    for (const [image, where] of [
      ['registry.example.com:5000/openagents/control:one', 'registry.example.com:5000'],
      ['docker.io/openagents/control:one', 'docker.io'],
    ] as const) {
      const { findings, facts } = await check(cloud, { image });
      const { state, found } = only(findings, 'image');
      assert.equal(state, 'note');
      assert.equal(found, `${image} was not looked up: ${where} is not one of Google's registries`);
      assert.equal(facts.digest, undefined);
    }
    assert.deepEqual(
      cloud.requests.filter(({ path }) => path.startsWith('/v2/') && path.includes('/manifests/')),
      [],
    );
  });

  test('an image that names no registry is an error, with the name in front of which one goes', async () => {
    await using cloud = await staging();
    for (const image of ['control:candidate', 'openagents/control']) {
      const finding = only((await check(cloud, { image })).findings, 'image');
      assert.equal(finding.state, 'error');
      assert.equal(finding.found, `${image} names no registry`);
      assert.match(finding.advice ?? '', new RegExp(`docker\\.io/${image}`));
    }
  });

  test('the registry gets the login as a bearer token, and refuses another one', async () => {
    const token = new Secret('token-of-alice-0123456789');
    await using cloud = await staging({
      people: { [token.reveal()]: 'alice@example.com' },
      requireLogin: true,
    });
    const known = await check(cloud, { identity: { kind: 'access-token', token } });
    assert.equal(only(known.findings, 'image').state, 'ok');
    const other = { kind: 'access-token', token: new Secret('token-of-nobody-0123456789') } as const;
    const { findings } = await check(cloud, { identity: other });
    assert.equal(only(findings, 'image').state, 'error');
    assert.match(only(findings, 'image').found, /answers 401/);
  });

  test('no image is an error', async () => {
    await using cloud = await staging();
    const { findings } = await check(cloud, { image: undefined });
    assert.equal(only(findings, 'image').found, 'IMAGE is unset');
  });

  for (const built of ['arm64', 'arm64-index'] as const) {
    test(`one that is built for a Mac alone (${built}) is an error, with the command that builds it for Cloud Run`, async () => {
      await using cloud = await staging({ images: { [NEW_IMAGE]: built } });
      const { findings, facts } = await check(cloud);
      const { state, found, advice, command } = only(findings, 'image');
      assert.equal(state, 'error');
      assert.equal(found, `${NEW_IMAGE} is built for linux/arm64, and Cloud Run runs only linux/amd64`);
      assert.match(advice ?? '', /^A Mac builds for its own processor/);
      // Cloud Run refuses such an index. It does not look at the label of a single image, but runs its program.
      assert.equal(/only the label is wrong.*: SKIP_PREFLIGHT=1/.test(advice ?? ''), built === 'arm64');
      assert.equal(command, `docker buildx build --platform linux/amd64 --tag ${NEW_IMAGE} --push .`);
      const byDigest = await check(cloud, { image: `${IMAGES}@${facts.digest}` });
      assert.equal(only(byDigest.findings, 'image').state, 'error');
      assert.match(only(byDigest.findings, 'image').command ?? '', new RegExp(`--tag ${IMAGES} --push`));
    });
  }

  for (const httpStatus of [403, 503]) {
    test(`one whose processor cannot be found out (${httpStatus}) is not held back, nor is the preflight`, async () => {
      await using cloud = await staging({ images: { [NEW_IMAGE]: 'arm64' } });
      cloud.on({
        match: { path: /\/blobs\// },
        fault: { kind: 'error', httpStatus, status: 'DENIED', message: 'no' },
        times: 9,
      });
      assert.equal(only((await check(cloud)).findings, 'image').state, 'ok');
      // To ask four times for what is not needed would take most of a minute where nobody answers.
      assert.equal(cloud.requests.filter(({ path }) => path.includes('/blobs/')).length, 1);
    });
  }

  test('a page with 404 that comes in place of the registry does not make an image missing', async () => {
    await using cloud = await staging();
    cloud.on({
      match: { path: /^\/v2\/.*\/manifests\// },
      fault: { kind: 'page', httpStatus: 404, title: 'Blocked' },
      times: 9,
    });
    const { state, found } = only((await check(cloud)).findings, 'image');
    assert.equal(state, 'error');
    assert.equal(found, `${NEW_IMAGE} could not be looked up: HTTP 404 with a page titled "Blocked"`);
  });

  test('what the platform would not find is not found here, and the other way round', async () => {
    await using cloud = await staging({ images: { [NEW_IMAGE]: 'missing' } });
    const { findings } = await check(cloud);
    assert.equal(only(findings, 'image').state, 'error');
  });
});

describe('service', () => {
  test('one that is not there is an error, and the login is good', async () => {
    await using cloud = await staging();
    const location = { project: 'openagentsgemini', region: 'us-central1', service: 'nope' };
    const { findings } = await check(cloud, { location });
    assert.equal(only(findings, 'login').state, 'ok');
    assert.equal(only(findings, 'service').state, 'error');
    assert.match(only(findings, 'service').found, /there is no service nope in us-central1/);
    assert.match(only(findings, 'env').found, /^not checked, because/);
  });

  test('one that takes requests only from inside is a warning, and its URL is not advised', async () => {
    await using cloud = await staging({
      service: { ingress: 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER' },
      domainMappings: [],
    });
    const { findings, facts } = await check(cloud);
    const service = only(findings, 'service');
    assert.equal(service.state, 'warning');
    assert.match(service.found, / is ready, but takes requests only from inside: .* answer 404$/);
    assert.match(service.advice ?? '', /promote from inside its network, or shift by hand with set-traffic/);
    assert.doesNotMatch(only(findings, 'domain mapping').advice ?? '', /own URL/);
    assert.equal(facts.baseUrl, undefined);
  });

  test('one without a URL of its own is told so, and no empty one is advised', async () => {
    await using cloud = await staging({ service: { defaultUriDisabled: true }, domainMappings: [] });
    const { findings, facts } = await check(cloud);
    assert.equal(only(findings, 'service').state, 'ok');
    assert.match(only(findings, 'service').found, / is ready, without a URL of its own$/);
    const domain = only(findings, 'domain mapping');
    assert.match(domain.advice ?? '', /or map it\.$/);
    assert.equal(domain.command, undefined);
    assert.deepEqual([facts.baseUrl, facts.serviceUrl], [undefined, undefined]);
  });

  test('one that is still changing is a warning', async () => {
    await using cloud = await staging({ reconcileMs: 60_000 });
    cloud.changeTraffic(SERVICE, cloud.service(SERVICE).traffic.concat(), 'bob@example.com');
    cloud.changeTraffic(
      SERVICE,
      [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100, tag: 'now' }],
      'bob@example.com',
    );
    const { findings } = await check(cloud);
    assert.equal(only(findings, 'service').state, 'warning');
    assert.match(only(findings, 'service').found, /is still changing/);
  });

  test('one whose latest revision failed is a warning with its message', async () => {
    await using cloud = await staging({
      images: { [`${IMAGES}:older`]: 'never-ready' },
      service: { laterImages: [`${IMAGES}:older`] },
    });
    const { findings } = await check(cloud);
    const { state, found } = only(findings, 'service');
    assert.equal(state, 'warning');
    assert.match(found, /failed to start and listen on the port/);
  });
});

describe('traffic', () => {
  test('LATEST and pinned revisions are named', async () => {
    await using latest = await staging();
    assert.match(only((await check(latest)).findings, 'traffic').found, /=100 \(follows LATEST\)/);
    await using pinned = await staging({ service: { traffic: [{ revision: 1, percent: 100 }] } });
    assert.match(only((await check(pinned)).findings, 'traffic').found, /=100 \(pinned\)/);
  });

  test('what the report says passes, anything else is a warning', async () => {
    await using cloud = await staging({
      service: { laterImages: [NEW_IMAGE], traffic: [{ revision: 1, percent: 100 }] },
    });
    const [newer = '', older = ''] = cloud.revisions(SERVICE).map(({ name }) => name.split('/').at(-1) ?? '');
    const split = (percent: number) => ({
      source: 'report.md',
      shares: [
        { revision: older, percent: 100 - percent },
        { revision: newer, percent },
      ],
    });
    const same = only((await check(cloud, { expectedTraffic: split(0) })).findings, 'traffic');
    assert.equal(same.state, 'ok');
    assert.match(same.found, /as report\.md says$/);
    const other = only((await check(cloud, { expectedTraffic: split(5) })).findings, 'traffic');
    assert.equal(other.state, 'warning');
    const brief = (name: string): string => name.replace(`${SERVICE}-`, '');
    assert.ok(other.found.includes(`but report.md says ${brief(older)}=95 ${brief(newer)}=5`), other.found);
  });
});

describe('domain mapping', () => {
  test('a pending certificate is a warning with reason, message and the URL to use', async () => {
    const mapping = domainMapping({ domain: DOMAIN, service: SERVICE, certificate: 'pending' });
    await using cloud = await staging({ domainMappings: [mapping] });
    const { findings, facts } = await check(cloud);
    const { state, found, command } = only(findings, 'domain mapping');
    const { uri } = cloud.service(SERVICE);
    assert.equal(state, 'warning');
    assert.match(found, /Ready=Unknown, CertificateProvisioned=Unknown \(CertificatePending: Waiting for/);
    assert.equal(command, `export OPENAGENTS_BASE_URL=${uri}`);
    assert.equal(facts.baseUrl, uri);
    assert.equal(facts.domainMapping.state, 'not ready: CertificatePending');
  });

  test('a domain that is not mapped is a warning', async () => {
    await using cloud = await staging({ domainMappings: [] });
    const { findings, facts } = await check(cloud);
    assert.match(only(findings, 'domain mapping').found, /is not mapped/);
    assert.equal(facts.domainMapping.state, 'not mapped');
  });

  test('one that may not be read is a warning', async () => {
    await using cloud = await staging({ denied: ['run.domainmappings.get'] });
    assert.match(only((await check(cloud)).findings, 'domain mapping').found, /no permission/);
  });

  test('the recorded mapping of staging leads to the web service and not to the control service', async () => {
    await using cloud = await staging({ domainMappings: recordedMappings });
    const { findings, facts } = await check(cloud);
    const { state, found } = only(findings, 'domain mapping');
    assert.equal(state, 'warning');
    assert.match(found, /leads to openagents-web-staging, not to openagents-control-service-staging/);
    assert.equal(facts.domainMapping.state, 'leads to openagents-web-staging');
  });

  for (const mapping of recordedMappings) {
    test(`the recorded mapping of ${mapping.metadata.name} passes for the service that it leads to`, async () => {
      const service = mapping.spec.routeName;
      const knative = recordedServices.find(({ metadata }) => metadata.name === service);
      assert.ok(knative);
      await using cloud = await staging({ services: [{ knative }], domainMappings: recordedMappings });
      const location = { project: 'openagentsgemini', region: 'us-central1', service };
      const { findings, facts } = await check(cloud, { location, domain: mapping.metadata.name });
      assert.equal(only(findings, 'domain mapping').state, 'ok');
      assert.equal(facts.baseUrl, `https://${mapping.metadata.name}`);
      assert.equal(only(findings, 'service').state, 'ok');
      assert.ok(of(findings, 'secrets').every(({ state }) => state === 'ok'));
    });
  }
});

describe('env', () => {
  const REQUIRED: [name: string, value: string | undefined, found: RegExp][] = [
    ['WORKOS_CLIENT_ID', undefined, /^WORKOS_CLIENT_ID is not set$/],
    ['WORKOS_API_KEY', '', /^WORKOS_API_KEY is empty$/],
    ['OA_AUTH_PROVIDER_MODE', 'mock', /^OA_AUTH_PROVIDER_MODE is "mock", not workos$/],
    ['OA_SYNC_TOKEN_ENABLED', 'on', /^OA_SYNC_TOKEN_ENABLED is "on", not true$/],
    [
      'OA_SYNC_TOKEN_SIGNING_KEY',
      undefined,
      /^OA_SYNC_TOKEN_SIGNING_KEY or SYNC_TOKEN_SIGNING_KEY is not set$/,
    ],
    ['OA_SYNC_TOKEN_AUDIENCE', 'other', /^OA_SYNC_TOKEN_AUDIENCE is "other", not openagents-sync$/],
    ['OA_ROUTE_SPLIT_ENABLED', 'false', /^OA_ROUTE_SPLIT_ENABLED is "false", not true$/],
    ['OA_ROUTE_SPLIT_MODE', 'cohort', /^OA_ROUTE_SPLIT_MODE is "cohort", not rust$/],
    ['OA_CONTROL_STATIC_DIR', undefined, /^OA_CONTROL_STATIC_DIR is not set$/],
  ];
  for (const [name, value, found] of REQUIRED) {
    test(`${name} ${value === undefined ? 'missing' : `"${value}"`} is an error`, async () => {
      await using cloud = await staging({ env: { [name]: value } });
      const finding = only((await check(cloud)).findings, 'env: required');
      assert.equal(finding.state, 'error');
      assert.match(finding.found, found);
      assert.match(finding.advice ?? '', new RegExp(`^Set ${name}`));
    });
  }

  test('every variable that is missing is named, not only the first', async () => {
    await using cloud = await staging({
      env: Object.fromEntries(REQUIRED.map(([name]) => [name, undefined])),
    });
    assert.equal(of((await check(cloud)).findings, 'env: required').length, REQUIRED.length);
  });

  test('the older name of the signing key does as well, and a switch that the service reads as on', async () => {
    await using cloud = await staging({
      env: {
        OA_SYNC_TOKEN_SIGNING_KEY: undefined,
        SYNC_TOKEN_SIGNING_KEY: { secret: 'staging-sync-token-signing-key', version: '1' },
        OA_SYNC_TOKEN_ENABLED: '1',
      },
    });
    assert.equal(only((await check(cloud)).findings, 'env: required').state, 'ok');
  });

  test("another folder of the web shell than the runbook's is only a warning", async () => {
    await using cloud = await staging({ env: { OA_CONTROL_STATIC_DIR: '/app/web-shell/dist' } });
    const finding = only((await check(cloud)).findings, 'env: required');
    assert.equal(finding.state, 'warning');
    assert.match(finding.advice ?? '', /has it in \/app\/web-shell\/dist/);
  });

  test('another issuer is a warning', async () => {
    await using cloud = await staging({ env: { OA_SYNC_TOKEN_ISSUER: 'https://openagents.com' } });
    const finding = only((await check(cloud)).findings, 'env: recommended');
    assert.equal(finding.state, 'warning');
    assert.match(finding.found, /is "https:\/\/openagents\.com", not https:\/\/staging\.openagents\.com$/);
  });

  test('a key as a plain value is a warning that does not show it', async () => {
    const value = 'sk_live_that_is_not_to_be_seen';
    await using cloud = await staging({ env: { WORKOS_API_KEY: value } });
    const { findings } = await check(cloud);
    assert.match(only(findings, 'env: recommended').found, /^WORKOS_API_KEY is a plain value/);
    assert.ok(!JSON.stringify(findings).includes(value));
  });

  test('compatibility that is enforced without its two values is a warning about each', async () => {
    await using cloud = await staging({ env: { OA_COMPAT_CONTROL_ENFORCED: 'true' } });
    const found = of((await check(cloud)).findings, 'env: compatibility');
    assert.deepEqual(
      found.map(({ state }) => state),
      ['warning', 'warning'],
    );
    assert.match(found[0]?.found ?? '', /OA_COMPAT_CONTROL_PROTOCOL_VERSION is not set/);
    assert.match(found[1]?.found ?? '', /OA_COMPAT_CONTROL_MIN_CLIENT_BUILD_ID is not set/);
  });

  test('with its two values it passes', async () => {
    await using cloud = await staging({
      env: {
        OA_COMPAT_CONTROL_ENFORCED: 'true',
        OA_COMPAT_CONTROL_PROTOCOL_VERSION: 'openagents.control.v1',
        OA_COMPAT_CONTROL_MIN_CLIENT_BUILD_ID: '20260101T000000Z',
      },
    });
    assert.match(only((await check(cloud)).findings, 'env: compatibility').found, /^enforced, with/);
  });
});

describe('secrets', () => {
  const problems = (findings: readonly Finding[]): Finding[] =>
    of(findings, 'secrets').filter(({ state }) => state !== 'ok');

  test('a version that has been disabled is an error', async () => {
    await using cloud = await staging();
    cloud.disableSecretVersion('staging-workos-api-key', 1);
    const [finding, ...others] = problems((await check(cloud)).findings);
    assert.deepEqual(others, []);
    assert.equal(finding?.state, 'error');
    assert.match(finding?.found ?? '', /version latest of secret staging-workos-api-key is DISABLED/);
  });

  test('a secret that is not there is an error', async () => {
    await using cloud = await staging({ env: { EXTRA: { secret: 'nope', version: '3' } } });
    const [finding] = problems((await check(cloud)).findings);
    assert.equal(finding?.state, 'error');
    assert.match(finding?.found ?? '', /secret nope does not exist, or has no version 3/);
  });

  test('secrets that nobody lets the account read are an error, each', async () => {
    await using cloud = await staging({ projectPolicy: [] });
    const found = problems((await check(cloud)).findings);
    assert.equal(found.length, 3);
    assert.ok(
      found.every(
        ({ state, found: text }) => state === 'error' && text.startsWith(`${ACCOUNT} may not read`),
      ),
    );
    assert.match(found[0]?.command ?? '', /add-iam-policy-binding .*secretAccessor$/);
  });

  test('a grant on the secret itself is enough', async () => {
    const grant = [{ role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${ACCOUNT}`] }];
    await using cloud = await staging({
      projectPolicy: [],
      secretPolicies: { 'staging-workos-client-id': grant, 'staging-workos-api-key': grant },
    });
    const found = problems((await check(cloud)).findings);
    assert.equal(found.length, 1);
    assert.match(found[0]?.found ?? '', /staging-sync-token-signing-key/);
  });

  const UNTOLD = [
    { role: 'roles/secretmanager.secretAccessor', members: ['group:staff@example.com'] },
    { role: 'projects/openagentsgemini/roles/reader', members: [`serviceAccount:${ACCOUNT}`] },
    {
      role: 'roles/secretmanager.secretAccessor',
      members: [`serviceAccount:${ACCOUNT}`],
      condition: { expression: 'request.time < timestamp("2030-01-01T00:00:00Z")' },
    },
  ];
  for (const binding of UNTOLD) {
    test(`${binding.condition ? 'a condition' : binding.role} to ${binding.members} cannot be told, which is a note`, async () => {
      await using cloud = await staging({ projectPolicy: [binding] });
      const found = problems((await check(cloud)).findings);
      assert.equal(found.length, 3);
      assert.ok(found.every(({ state }) => state === 'note'));
    });
  }

  test('policies that may not be read are a note, and so is a service without an account', async () => {
    await using cloud = await staging({ denied: ['secretmanager.secrets.getIamPolicy'] });
    assert.ok(problems((await check(cloud)).findings).every(({ state }) => state === 'note'));
    const { serviceAccount: _, ...anonymous } = STAGING_SERVICE;
    await using other = await staging({ services: [anonymous] });
    const [finding] = problems((await check(other)).findings);
    assert.match(finding?.found ?? '', /names no account/);
  });
});

describe('maintenance', () => {
  test('is told, on or off', async () => {
    await using off = await staging();
    assert.match(only((await check(off)).findings, 'maintenance').found, /is off$/);
    await using on = await staging({ env: { OA_MAINTENANCE_MODE_ENABLED: 'true' } });
    const finding = only((await check(on)).findings, 'maintenance');
    assert.equal(finding.state, 'note');
    assert.match(finding.found, /is on for all traffic$/);
  });
});
