import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { connectTo, openServiceApi } from '@deploy/cloudrun';
import { LOCATION, revisionNames, SERVICE, serving } from '../../support/cloud.ts';
import { gcloudLogin } from '../../support/gcloud-login.ts';
import { googleBehindProxy, googleCertificate } from '../../support/google-behind-proxy.ts';
import { cloudWithCandidate, FAILING, startWalk, WELL } from '../../support/promotion.ts';

const certificate = await googleCertificate();
after(() => certificate[Symbol.asyncDispose]());

const FIRST = 'first-token-0123456789';
const SECOND = 'second-token-0123456789';
/** gcloud gives the expired token twice more before somebody has logged in again. */
const RENEWED_AT = 4;

/**
 * The moments at which the login expires: with a write itself, or when it is accepted and its outcome not known yet.
 */
const moments = ['before the write', 'after the write'] as const;

/**
 * A promotion as alice, whose login expires in the middle of a change of traffic: the one whose gcloud line ends like
 * this. With `failsBefore`, gcloud cannot renew the token for a while. Gives how the promotion ends, and how many writes
 * were accepted.
 */
async function promoteAsAlice(
  minutes: typeof WELL,
  line: RegExp,
  moment: (typeof moments)[number],
  failsBefore = false,
) {
  const expiredTokens: string[] = [];
  const people = { [FIRST]: 'alice@example.com', [SECOND]: 'alice@example.com' };
  await using cloud = await cloudWithCandidate({ perMinute: 0, expiredTokens, people });
  await using google = await googleBehindProxy(cloud, certificate, 'unused');
  await using gcloud = await gcloudLogin({
    first: FIRST,
    second: SECOND,
    renewedAt: RENEWED_AT,
    failsBefore,
  });
  const env = {
    PATH: `${gcloud.folder}:${process.env.PATH}`,
    HTTPS_PROXY: google.proxyUrl,
    CURL_CA_BUNDLE: certificate.certFile,
  };
  const none = { emulatorHost: undefined, accessToken: undefined, credentialsFile: undefined };
  const api = await openServiceApi(connectTo(none, env), LOCATION);
  const expire = () => void expiredTokens.push(FIRST);
  const next = { match: { method: 'GET', path: /\/services\/control$|\/operations\// } };
  let armed = false;
  const walk = await startWalk(cloud, {
    api,
    minutes,
    settings: { maxWindowMinutes: 600 },
    async perform(action) {
      if (!armed && line.test(action.announcement ?? '')) {
        armed = true;
        const act =
          moment === 'before the write'
            ? expire
            : () => cloud.on({ ...next, fault: { kind: 'first', act: expire } });
        cloud.on({ match: { method: 'PATCH', path: /./ }, fault: { kind: 'first', act } });
      }
      return action.perform();
    },
  });
  const outcome = await walk.outcome;
  assert.ok(armed);
  assert.ok((await gcloud.starts()) >= RENEWED_AT);
  const refused = cloud.requests.filter(({ status }) => status === 401);
  assert.ok(refused.length >= (failsBefore ? 1 : RENEWED_AT - 1), `${refused.length} refused`);
  const written = cloud.requests.filter(({ method, status }) => method === 'PATCH' && status === 200).length;
  const [stable = '', canary = ''] = revisionNames(cloud);
  const state = {
    serving: serving(cloud),
    remembered: Object.keys(cloud.service(SERVICE).annotations ?? {}),
  };
  return { outcome, written, stable, canary, ...state };
}

describe('a login that expires in the middle', { concurrency: 4 }, () => {
  for (const moment of moments) {
    test(`of a shift, ${moment}: the shift is made once, and the promotion goes on after the next login`, async () => {
      const { outcome, written, canary, ...state } = await promoteAsAlice(WELL, /=25$/, moment);
      assert.equal(outcome.state, 'promoted', JSON.stringify(outcome));
      assert.deepEqual(state.serving, [`${canary}=100`]);
      // The tag, two steps, and the tag's end.
      assert.equal(written, 4);
    });

    test(`of the rollback, ${moment}: it is made once, after the next login`, async () => {
      const { outcome, written, stable, canary, ...state } = await promoteAsAlice(
        FAILING,
        /-00001-\w+=100$/,
        moment,
      );
      assert.equal(outcome.state, 'rolled back', JSON.stringify(outcome));
      assert.deepEqual(state.serving, [`${stable}=100`, `${canary}=0(candidate)`]);
      assert.deepEqual(state.remembered, ['openagents.com/canary-failed']);
      // The tag, the step, and the way back.
      assert.equal(written, 3);
    });
  }

  test('and that cannot be renewed for a while is waited for, and nothing is held against the candidate', async () => {
    const well = await promoteAsAlice(WELL, /=25$/, 'before the write', true);
    assert.equal(well.outcome.state, 'promoted', JSON.stringify(well.outcome));
    assert.deepEqual(well.remembered, []);
    const failing = await promoteAsAlice(FAILING, /-00001-\w+=100$/, 'before the write', true);
    assert.equal(failing.outcome.state, 'rolled back', JSON.stringify(failing.outcome));
    assert.equal(failing.serving[0], `${failing.stable}=100`);
  });
});
