import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Emulator, ServiceSeed } from '@deploy/emulator';
import { openEvidence, readReport } from '@deploy/report';
import { testCheckout } from '../report/support/checkout.ts';
import { cloudEnv, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { cloudWithCandidate } from '../support/promotion.ts';
import { runScriptProcess } from '../support/run-script.ts';

/** A candidate of a service whose own addresses do not answer to everybody. */
const cloudOf = (reach: Partial<ServiceSeed>): Promise<Emulator> =>
  cloudWith({
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:one`,
        laterImages: [`${IMAGES}:two`],
        traffic: [{ revision: 1, percent: 100 }],
        sessionAffinity: true,
        ...reach,
      },
    ],
  });

const promote = (cloud: Emulator) =>
  runScript('canary-rollout', ['promote'], { env: { ...cloudEnv(cloud), EVIDENCE_REPORT: 'none' } });

describe('a candidate that cannot be reached from here', { concurrency: 2 }, () => {
  test('is not blamed when the service takes requests only from inside', async () => {
    await using cloud = await cloudOf({ ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY' });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const run = await promote(cloud);
    assert.equal(run.exitCode, 1, run.stdout);
    assert.match(
      run.stderr,
      new RegExp(`^error: ${canary} was not given any traffic: readiness: .* status 404`, 'm'),
    );
    assert.match(run.stderr, /the service takes requests only from inside \(its ingress setting\)/);
    assert.doesNotMatch(run.stderr, /deploy it again/);
    assert.deepEqual(serving(cloud), [`${stable}=100`]);
  });

  test('is not tagged when the service has no URL, and the ways on are told', async () => {
    await using cloud = await cloudOf({ defaultUriDisabled: true });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const before = cloud.service(SERVICE);
    const run = await promote(cloud);
    assert.equal(run.exitCode, 1, run.stdout);
    assert.match(
      run.stderr,
      /^error: the default URL of control is disabled, so a tag would have no URL either/m,
    );
    assert.match(run.stderr, /^ {2}.*gcloud run services update control .* --default-url$/m);
    assert.match(
      run.stderr,
      new RegExp(`^ {2}.*canary-rollout\\.ts set-traffic ${stable} ${canary} 5$`, 'm'),
    );
    assert.deepEqual(cloud.service(SERVICE), before);
  });
});

/** Changes who may reach the addresses of a service, as `gcloud run services update --ingress` does. */
async function setIngress(cloud: Emulator, ingress: string): Promise<void> {
  const { project, region } = LOCATION;
  const name = `projects/${project}/locations/${region}/services/${SERVICE}`;
  const answer = await fetch(`${cloud.url}/v2/${name}?updateMask=ingress`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, ingress }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

test('a candidate that nobody reaches any more in the middle of a promotion is held, and not remembered as failed', async () => {
  await using cloud = await cloudWithCandidate({ perMinute: 0 });
  const [stable = '', canary = ''] = revisionNames(cloud);
  const env = {
    ...cloudEnv(cloud),
    ...{ CANARY_STEPS: '50,100', CANARY_WINDOW: '1m', CANARY_MIN_REQUESTS: '0' },
    ...{ CANARY_SOURCE: 'logs', CANARY_POLL_SECONDS: '0.5', EVIDENCE_REPORT: 'none' },
  };
  let isClosed: Promise<void> | undefined;
  const run = await runScriptProcess('canary-rollout', ['promote'], {
    env,
    onStart(child) {
      let seen = '';
      child.stdout?.on('data', (chunk: string | Buffer) => {
        seen += chunk;
        if (seen.includes('50 %: served now'))
          isClosed ??= setIngress(cloud, 'INGRESS_TRAFFIC_INTERNAL_ONLY');
      });
    },
  });
  await isClosed;
  const split = [`${stable}=50`, `${canary}=50`, `${canary}=0(candidate)`];
  assert.equal(run.exitCode, 3, run.stdout + run.stderr);
  assert.match(
    run.stderr,
    /warning: cannot tell what the candidate did: neither it nor the service can be reached from here: readiness: .*; trying again$/m,
  );
  assert.match(
    run.stderr,
    /^error: held at 50 %, since nothing could be decided: cannot tell what the candidate did: neither it nor the service/m,
  );
  assert.match(
    run.stderr,
    /takes requests only from inside \(its ingress setting\): then run this from inside/,
  );
  assert.deepEqual(serving(cloud), split);
  assert.doesNotMatch(JSON.stringify(cloud.service(SERVICE).annotations), /canary-failed/);

  const resumed = await runScript('canary-rollout', ['promote'], { env });
  assert.equal(resumed.exitCode, 3, resumed.stdout + resumed.stderr);
  assert.match(resumed.stderr, /resuming at 50 %/);
  assert.match(
    resumed.stderr,
    /^error: held at 50 %, .* neither it nor the service can be reached from here/m,
  );
  assert.deepEqual(serving(cloud), split);

  await setIngress(cloud, 'INGRESS_TRAFFIC_ALL');
  await cloud.settled();
  const opened = await runScript('canary-rollout', ['promote'], { env });
  assert.equal(opened.exitCode, 0, opened.stdout + opened.stderr);
  assert.deepEqual(serving(cloud), [`${canary}=100`]);
});

test('a smoke that reached nobody does not count against the service in the report, and nobody is said to have answered', async () => {
  await using cloud = await cloudWithCandidate({ perMinute: 0 });
  await using checkout = await testCheckout();
  const begun = { checkout, location: LOCATION, image: `${IMAGES}:two`, evidenceReport: undefined };
  const evidence = await openEvidence({ ...begun, note: () => {} });
  await evidence.record({ kind: 'reachedAt', baseUrls: [cloud.service(SERVICE).uri] });
  const { path = '' } = evidence;
  let closed: Promise<void> | undefined;
  let opened: Promise<void> | undefined;
  const run = await runScriptProcess('canary-rollout', ['promote'], {
    env: {
      ...cloudEnv(cloud),
      ...{ CANARY_STEPS: '100', CANARY_WINDOW: '1m', CANARY_MIN_REQUESTS: '0' },
      ...{ CANARY_SOURCE: 'logs', CANARY_POLL_SECONDS: '0.5', EVIDENCE_REPORT: path },
    },
    onStart(child) {
      let seen = '';
      const look = (chunk: string | Buffer): void => {
        seen += chunk;
        if (seen.includes('100 %: served now')) closed ??= setIngress(cloud, 'INGRESS_TRAFFIC_INTERNAL_ONLY');
        if (seen.includes('; trying again')) opened ??= setIngress(cloud, 'INGRESS_TRAFFIC_ALL');
      };
      child.stdout?.on('data', look);
      child.stderr?.on('data', look);
    },
  });
  await Promise.all([closed, opened]);
  assert.equal(run.exitCode, 0, run.stdout + run.stderr);
  const { record } = await readReport(path);
  const notes = JSON.stringify(record.promotions);
  for (const each of ['candidate', 'service']) assert.match(notes, new RegExp(`smoke of the ${each} failed`));
  assert.ok(record.smokes.length > 0);
  assert.deepEqual(
    record.smokes.filter(({ state }) => state === 'failed'),
    [],
  );
});
