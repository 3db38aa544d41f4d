import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { cloudWith, IMAGES, PROJECT, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { WRITE } from '../support/colleague.ts';
import { googleBehindProxy, googleCertificate } from '../support/google-behind-proxy.ts';
import { runScriptProcess } from '../support/run-script.ts';

const certificate = await googleCertificate();
after(() => certificate[Symbol.asyncDispose]());

const FIRST = 'first-federated-token-0123456789';
const SECOND = 'second-federated-token-0123456789';

/**
 * Rolls back as a workload elsewhere, whose access token expires just before the change is sent. Nobody has said how long
 * it lasts; `tokens` are those that the workload gets, one after the other.
 */
async function rollBack(tokens: string[]) {
  const expiredTokens: string[] = [];
  const people = { [FIRST]: 'workload@example.com', [SECOND]: 'workload@example.com' };
  await using cloud = await cloudWith({
    ...{ people, requireLogin: true, expiredTokens },
    services: [{ name: SERVICE, image: `${IMAGES}:a`, laterImages: [`${IMAGES}:b`] }],
  });
  await using google = await googleBehindProxy(cloud, certificate, 'unused', tokens);
  const act = () => void expiredTokens.push(FIRST);
  cloud.on({ match: WRITE, fault: { kind: 'first', act } });
  const folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  try {
    const subject = join(folder, 'subject-token');
    const credentials = join(folder, 'credentials.json');
    await writeFile(subject, 'subject-token-0123456789');
    await writeFile(
      credentials,
      JSON.stringify({
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: 'https://sts.googleapis.com/v1/token',
        credential_source: { file: subject },
      }),
    );
    const [first = ''] = revisionNames(cloud);
    const run = await runScriptProcess('canary-rollout', ['rollback', first], {
      env: {
        HTTPS_PROXY: google.proxyUrl,
        NODE_EXTRA_CA_CERTS: certificate.certFile,
        GOOGLE_APPLICATION_CREDENTIALS: credentials,
        ...{ PROJECT, SERVICE },
        EVIDENCE_REPORT: 'none',
      },
    });
    const writes = cloud.requests.filter(({ method }) => method === 'PATCH').map(({ status }) => status);
    return { run, first, writes, serving: serving(cloud), tokenRequests: google.tokenRequests.length };
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('a workload elsewhere whose token expires, although nobody said when', { concurrency: 2 }, () => {
  test('gets another one, and its change is made once', async () => {
    const { run, first, ...seen } = await rollBack([FIRST, SECOND]);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.deepEqual(seen.writes, [401, 200]);
    assert.deepEqual(seen.serving, [`${first}=100`]);
    assert.equal(seen.tokenRequests, 2);
  });

  test('is told to log in when it gets the same one again', async () => {
    const { run, ...seen } = await rollBack([FIRST, FIRST]);
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /^error: .*the login is missing or has expired/m);
    assert.deepEqual(seen.writes, [401]);
    assert.equal(seen.tokenRequests, 2);
  });
});
