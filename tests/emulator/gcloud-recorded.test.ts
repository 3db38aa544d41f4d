import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deployNoTraffic, openServiceApi } from '@deploy/cloudrun';
import { disableMaintenance, enableMaintenance } from '@deploy/cloudrun/maintenance';
import type { Emulator } from '@deploy/emulator';
import { differences } from '../support/differences.ts';
import { type Gcloud, startGcloud, withoutGcloud } from '../support/gcloud.ts';
import { adopt, BYPASS_SECRET, recordedCases, WINDOW } from '../support/recorded-cases.ts';
import { PROJECT } from '../support/staging.ts';

const REGION = 'us-central1';
const NEW = 'us-central1-docker.pkg.dev/openagentsgemini/somebody/new-image:two';

const ON = [
  '--update-env-vars',
  '^:^OA_MAINTENANCE_MODE_ENABLED=true:OA_MAINTENANCE_BYPASS_COOKIE_NAME=cookie:OA_MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS=900:OA_MAINTENANCE_ALLOWED_PATHS=/readyz',
  '--update-secrets',
  `OA_MAINTENANCE_BYPASS_TOKEN=${BYPASS_SECRET}:latest`,
];
const OFF = ['--update-env-vars', 'OA_MAINTENANCE_MODE_ENABLED=false'];

/** The same service twice: what our actions work on, and what gcloud does. */
async function sideBySide({ service }: (typeof recordedCases)[number], gcloud: Gcloud) {
  const ours = await adopt(service);
  const theirs = await adopt(service);
  const { name } = service.metadata;
  const location = { project: PROJECT, region: REGION, service: name };
  const trafficOf = (cloud: Emulator) =>
    cloud.service(name).traffic.map(({ revision = 'LATEST', percent }) => `${revision}=${percent}`);
  return {
    ours,
    name,
    location,
    openApi: () => openServiceApi({ emulatorHost: ours.host, identity: { kind: 'none' }, env: {} }, location),
    gcloud: (...args: string[]) => gcloud(theirs, 'run', ...args, '--region', REGION),
    requireSameTraffic: () => assert.deepEqual(trafficOf(ours), trafficOf(theirs)),
    /** gcloud signs what it writes, and the marks are random. */
    requireSameTemplate() {
      const paths = differences(ours.service(name).template, theirs.service(name).template);
      assert.deepEqual(
        paths.filter((path) => !/nonce$|client(?:Version)?$/.test(path)),
        [],
      );
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([ours.close(), theirs.close()]);
    },
  };
}

describe('a recorded service, beside real gcloud', {
  concurrency: 4,
  skip: withoutGcloud,
}, () => {
  let gcloud: Gcloud;
  before(async () => {
    gcloud = await startGcloud('run deploy', 'run services update');
  });
  after(() => gcloud[Symbol.asyncDispose]());

  for (const recorded of recordedCases) {
    test(`${recorded.title}: a deployment and a window leave what gcloud leaves`, async () => {
      await using world = await sideBySide(recorded, gcloud);
      const { name, location, openApi } = world;
      await deployNoTraffic(openApi, location, NEW).perform();
      await world.gcloud('deploy', name, '--image', NEW, '--no-traffic');
      world.requireSameTemplate();
      world.requireSameTraffic();

      // Pinned by now: gcloud's revision from the newest template serves nobody. Ours leaves the same one, and a
      // window.
      await enableMaintenance(openApi, location, WINDOW, { rotated: false, moveTraffic: true }).perform();
      await world.gcloud('services', 'update', name, ...ON);
      world.requireSameTemplate();
    });
  }

  test('a window on traffic that follows the latest revision is what gcloud makes of it, opened and closed', async () => {
    const recorded = recordedCases.find(({ service }) => service.spec.traffic?.[0]?.latestRevision);
    assert.ok(recorded !== undefined);
    await using world = await sideBySide(recorded, gcloud);
    const { ours, name, location, openApi } = world;
    const annotations = ours.service(name).annotations;

    await enableMaintenance(openApi, location, WINDOW, { rotated: false, moveTraffic: false }).perform();
    await world.gcloud('services', 'update', name, ...ON);
    world.requireSameTemplate();
    world.requireSameTraffic();
    await disableMaintenance(openApi, location, { moveTraffic: false }).perform();
    await world.gcloud('services', 'update', name, ...OFF);
    world.requireSameTemplate();
    world.requireSameTraffic();
    assert.deepEqual(ours.service(name).annotations, annotations);
  });
});
