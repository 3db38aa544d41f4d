import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Emulator, ServiceSeed } from '@deploy/emulator';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';

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
