import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '@deploy/cli';
import { type CloudError, openJobApi, openLogApi, openMonitoringApi, openSecretApi } from '@deploy/cloudrun';
import type { Emulator, Fault } from '@deploy/emulator';
import {
  apiOf,
  cloudEnv,
  cloudWith,
  LOCATION,
  NINETY_TEN,
  revisionNames,
  SERVICE,
  serving,
} from '../support/cloud.ts';
import { deploy, shiftTo, shortenPauses, WRITE } from '../support/colleague.ts';
import { runScript } from '../support/hosted-script.ts';

// What the platform says when it refuses, and what an operator is told to do about it.

const READ = { method: 'GET', path: /\/services\/control$/ };
const IN_DETAIL = 'type.googleapis.com/google.rpc.';
const AS_ITSELF = { emulatorHost: undefined, identity: { kind: 'none' }, env: {} } as const;

type Refusal = Omit<Extract<Fault, { kind: 'error' }>, 'kind' | 'headers'>;

/** What an operator is told when the platform refuses to show the service. */
async function toldAbout(refusal: Refusal): Promise<{ message: string; hint: string }> {
  await using cloud = await cloudWith();
  cloud.on({ match: READ, fault: { kind: 'error', ...refusal } });
  return await refusedBy(async () => (await apiOf(cloud)).read());
}

async function refusedBy(call: () => Promise<unknown>): Promise<{ message: string; hint: string }> {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return { message: error.message, hint: error.hint ?? '' };
  }
  assert.fail('nothing was refused');
}

const forbidden = (message: string, info?: { reason: string; metadata?: object }): Refusal => ({
  httpStatus: 403,
  status: 'PERMISSION_DENIED',
  message,
  details: info === undefined ? [] : [{ '@type': `${IN_DETAIL}ErrorInfo`, ...info }],
});

describe('a refusal that names no field', { concurrency: true }, () => {
  test('is told with the fields that its details name', async () => {
    const { message } = await toldAbout({
      httpStatus: 400,
      status: 'INVALID_ARGUMENT',
      message: 'The request has errors',
      details: [
        {
          '@type': `${IN_DETAIL}BadRequest`,
          fieldViolations: [
            { field: 'spec.template.spec.containers[0].resources', description: 'too much memory' },
            { description: 'and one without a field' },
            {},
            'not even an object',
          ],
        },
        { '@type': `${IN_DETAIL}PreconditionFailure`, violations: [{ description: 'against the policy' }] },
        { '@type': `${IN_DETAIL}DebugInfo`, violations: 'no list' },
      ],
    });
    assert.equal(
      message,
      'reading service control: The request has errors: spec.template.spec.containers[0].resources: too much memory; and one without a field; against the policy',
    );
  });

  test('is not told twice', async () => {
    const said = 'Constraint constraints/run.allowedIngress violated for projects/p';
    const { message } = await toldAbout({
      httpStatus: 400,
      status: 'FAILED_PRECONDITION',
      message: said,
      details: [{ '@type': `${IN_DETAIL}PreconditionFailure`, violations: [{ description: said }] }],
    });
    assert.equal(message, `reading service control: ${said}`);
  });
});

test('what a region does not offer is told once, and not taken for an outage', async () => {
  await using cloud = await cloudWith();
  const message = 'Domain mappings are not available in region [europe-west3].';
  const fault = { kind: 'error', httpStatus: 501, status: 'UNIMPLEMENTED', message } as const;
  cloud.on({ match: READ, fault, times: 99 });
  const told = await refusedBy(async () => (await apiOf(cloud)).read());
  assert.deepEqual(told, { message: `reading service control: ${message}`, hint: '' });
  assert.equal(cloud.requests.length, 1);
});

describe('a 403', { concurrency: true }, () => {
  const DISABLED =
    'Cloud Run Admin API has not been used in project 42 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/run.googleapis.com/overview?project=42 then retry.';
  const cases: [name: string, refusal: Refusal, message: RegExp, hint: RegExp][] = [
    [
      'for an API that is not enabled says how to enable it',
      forbidden(DISABLED),
      /: an API is not enabled \(Cloud Run Admin API has not been used/,
      /\n {2}gcloud services enable run\.googleapis\.com --project openagentsgemini$/,
    ],
    [
      'for an API that is not enabled goes by what its details say',
      forbidden('Not so.', {
        reason: 'SERVICE_DISABLED',
        metadata: { service: 'logging.googleapis.com', consumer: 'projects/42' },
      }),
      /: an API is not enabled \(Not so\.\)$/,
      /\n {2}gcloud services enable logging\.googleapis\.com --project 42$/,
    ],
    [
      "for a person's credentials without a quota project says how to name one",
      forbidden(
        'Your application is authenticating by using local Application Default Credentials. The run.googleapis.com API requires a quota project, which is not set by default.',
        { reason: 'SERVICE_DISABLED', metadata: { consumer: 'projects/764086051850' } },
      ),
      /: the login names no project to charge the call to/,
      /\n {2}gcloud auth application-default set-quota-project openagentsgemini$/,
    ],
    [
      "for an API that is not enabled in the login's own project, which belongs to Google, says how to name another one",
      forbidden(DISABLED.replaceAll('42', '764086051850'), {
        reason: 'SERVICE_DISABLED',
        metadata: { service: 'run.googleapis.com', consumer: 'projects/764086051850' },
      }),
      /: the login names no project to charge the call to/,
      /\n {2}gcloud auth application-default set-quota-project openagentsgemini$/,
    ],
    [
      'for a quota project that may not be used names the role for that',
      forbidden(
        'Caller does not have required permission to use project p. Grant the caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission.',
      ),
      /: the account may not charge calls to its quota project/,
      /roles\/serviceusage\.serviceUsageConsumer/,
    ],
    [
      'for a project without billing says so',
      forbidden('This API method requires billing to be enabled.', { reason: 'BILLING_DISABLED' }),
      /: billing is off in project openagentsgemini/,
      /gcloud billing projects describe openagentsgemini$/,
    ],
    [
      'from a perimeter says that a role does not help',
      forbidden(
        "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: VQQnKfXt",
      ),
      /: a perimeter of VPC Service Controls keeps this call out \(.*VQQnKfXt\)$/,
      /^A role does not help\. Run this from inside the perimeter/,
    ],
    [
      'for a login with too few scopes says that a role does not help',
      forbidden('Request had insufficient authentication scopes.'),
      /: the login's scopes do not include this API/,
      /scope cloud-platform/,
    ],
    [
      'for a region that is not there asks to check the region',
      forbidden("Permission denied on 'locations/us-centrall' (or it may not exist)."),
      /: no Cloud Run in region us-central1 for project openagentsgemini/,
      /^Check REGION, .*\n {2}gcloud run regions list --project openagentsgemini$/s,
    ],
    [
      "for Cloud Run's own account says that it is not the caller's",
      forbidden(
        'Google Cloud Run Service Agent service-42@serverless-robot-prod.iam.gserviceaccount.com must have permission to read the image.',
      ),
      /: Cloud Run's own service agent lacks a permission/,
      /^A role for your account does not help/,
    ],
    [
      'for anything else names the role for deploying',
      forbidden('The caller does not have permission'),
      /: no permission in project openagentsgemini/,
      /^Check PROJECT; deploying requires roles\/run\.developer on the project\./,
    ],
  ];
  for (const [name, refusal, message, hint] of cases) {
    test(name, async () => {
      const told = await toldAbout(refusal);
      assert.match(told.message, message);
      assert.match(told.hint, hint);
    });
  }

  test('that names no permission goes by the API that refused', async () => {
    await using cloud = await cloudWith();
    const fault = { kind: 'error', ...forbidden('The caller does not have permission') } as const;
    const connection = { ...AS_ITSELF, emulatorHost: cloud.host };
    cloud.on({ match: { path: /entries:list$|timeSeries$/ }, fault, times: 2 });
    const logs = await refusedBy(async () =>
      (await openLogApi(connection, LOCATION)).newest({ filter: '', limit: 1 }),
    );
    assert.match(logs.hint, /reading logs requires roles\/logging\.viewer/);
    const query = { filter: '', from: new Date(0), to: new Date() };
    const metrics = await refusedBy(async () =>
      (await openMonitoringApi(connection, LOCATION)).timeSeries(query),
    );
    assert.match(metrics.hint, /reading metrics requires roles\/monitoring\.viewer/);
  });
});

describe('somebody who may not act as the account of the service', { concurrency: true }, () => {
  const serviceAccount = 'runtime@openagentsgemini.iam.gserviceaccount.com';
  const closed = (): Promise<Emulator> =>
    cloudWith({
      denied: ['iam.serviceaccounts.actAs'],
      services: [{ name: SERVICE, image: 'registry.example.com/a:1', serviceAccount }],
    });
  const NEEDED = new RegExp(
    `requires roles/iam\\.serviceAccountUser on the account that the service runs as.*\\n {2}gcloud iam service-accounts add-iam-policy-binding ${serviceAccount} --project openagentsgemini --member MEMBER --role roles/iam\\.serviceAccountUser$`,
    's',
  );

  test('is told, on deploying, which role is missing and on what', async () => {
    await using cloud = await closed();
    const { message, hint } = await refusedBy(() => deploy(cloud));
    assert.match(message, /^changing service control: no permission .*iam\.serviceaccounts\.actAs/);
    assert.match(hint, NEEDED);
    assert.equal(revisionNames(cloud).length, 1);
  });

  test('is told the same on a shift of traffic', async () => {
    await using cloud = await closed();
    const { hint } = await refusedBy(() => shiftTo(cloud, revisionNames(cloud)[0] ?? ''));
    assert.match(hint, NEEDED);
    assert.equal(cloud.requests.filter(({ method }) => method === WRITE.method).length, 1);
  });
});

test('a secret that the organisation allows only in certain locations: how to create it in one of them', async () => {
  await using cloud = await cloudWith();
  const message =
    'Constraint constraints/gcp.resourceLocations violated for [orgpolicy:projects/42] attempting to create a secret in [global].';
  const fault = { kind: 'error', httpStatus: 400, status: 'FAILED_PRECONDITION', message } as const;
  cloud.on({ match: { method: 'POST', path: /\/secrets$/ }, fault, times: 2 });
  const secrets = await openSecretApi({ ...AS_ITSELF, emulatorHost: cloud.host }, LOCATION);
  const told = await refusedBy(() => secrets.create('bypass-token'));
  assert.equal(told.message, `creating secret bypass-token: ${message}`);
  assert.match(
    told.hint,
    /\n {2}gcloud secrets create bypass-token --project openagentsgemini --replication-policy=user-managed --locations=us-central1$/,
  );
});

describe('a page of something on the way', { concurrency: true }, () => {
  const page = (httpStatus: number, title: string, headers: Record<string, string> = {}) =>
    ({ fault: { kind: 'page', httpStatus, title, headers }, times: 99 }) as const;

  for (const [status, said, headers] of [
    [401, 'HTTP 401 with a page titled "Sign in"', {}],
    [403, 'HTTP 403 with a page titled "Sign in"', {}],
    [404, 'HTTP 404 with a page titled "Sign in"', {}],
    [302, 'HTTP 302 that leads to login.example.com', { location: 'https://login.example.com/x?y' }],
    [200, 'HTTP 200 with a page titled "Sign in"', {}],
  ] as const) {
    test(`with ${status} is neither a refusal of Google nor its answer`, async () => {
      await using cloud = await cloudWith({ jobs: [{ name: 'migrate', image: 'registry.example.com/x:1' }] });
      cloud.on({ match: { path: /\/(?:services|jobs)\// }, ...page(status, 'Sign in', headers) });
      const jobs = await openJobApi(
        { emulatorHost: cloud.host, identity: { kind: 'none' }, env: {} },
        LOCATION,
      );
      const api = await apiOf(cloud);
      for (const [doing, call] of [
        ['reading service control', () => api.read()],
        ['reading job migrate', () => jobs.readJob('migrate')],
      ] as const) {
        await assert.rejects(call(), (error: CloudError) => {
          assert.equal(error.message, `${doing}: something else answered in place of the API (${said})`);
          assert.equal(error.kind, 'unanswered');
          assert.match(error.hint ?? '', /HTTPS_PROXY/);
          return true;
        });
      }
    });
  }

  test("with 404 that is Google's own is not told as a proxy's, but as an address that does not exist", async () => {
    await using cloud = await cloudWith();
    const [revision = ''] = revisionNames(cloud);
    cloud.on({ match: { path: /^\/apis\// }, ...page(404, 'Error 404 (Not Found)!!1') });
    const api = await apiOf(cloud);
    await assert.rejects(api.readRunningRevision(revision), (error: CloudError) => {
      assert.equal(
        error.message,
        `reading revision ${revision}: Google has nothing at this address (HTTP 404 with a page titled "Error 404 (Not Found)!!1")`,
      );
      assert.equal(error.kind, 'refused');
      assert.match(
        error.hint ?? '',
        /^Check REGION, .*\n {2}gcloud run regions list --project openagentsgemini$/,
      );
      return true;
    });
    assert.equal(cloud.requests.filter(({ path }) => path.startsWith('/apis/')).length, 1);
  });

  test('with 404 creates no secret that is only said to be missing', async () => {
    await using cloud = await cloudWith();
    cloud.on({ match: { method: 'GET', path: /\/secrets\// }, ...page(404, 'Not here') });
    const env = { ...cloudEnv(cloud), MAINTENANCE_BYPASS_TOKEN: 'window-token-0123456789' };
    const run = await runScript('maintenance-mode', ['enable'], { env });
    assert.equal(run.exitCode, 1, run.stdout);
    assert.match(run.stderr, /^error: looking up secret .*: something else answered in place of the API/m);
    assert.ok(cloud.requests.every(({ method }) => method === 'GET'));
  });

  test('in place of a write is no refusal: whether it was made is looked up, and it is sent again', async () => {
    shortenPauses();
    await using cloud = await cloudWith({ services: [NINETY_TEN] });
    const [stable = ''] = revisionNames(cloud);
    cloud.on({ match: WRITE, ...page(403, 'Blocked'), times: 2 });
    await shiftTo(cloud, stable);
    assert.deepEqual(serving(cloud), [`${stable}=100`]);
  });
});
