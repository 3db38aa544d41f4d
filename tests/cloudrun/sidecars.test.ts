import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployNoTraffic } from '@deploy/cloudrun';
import { disableMaintenance, enableMaintenance, maintenanceStatus } from '@deploy/cloudrun/maintenance';
import { checkCloud } from '@deploy/cloudrun/preflight';
import { apiOf, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE } from '../support/cloud.ts';

const values = {
  cookieName: 'cookie',
  cookieTtlSeconds: 900,
  allowedPaths: '/readyz',
  secretName: 'bypass',
};
const collector = {
  name: 'collector',
  image: 'registry.example.com/otel/collector:1',
  env: [{ name: 'OTEL', value: '1' }],
};
const app = {
  name: 'app',
  image: `${IMAGES}:one`,
  ports: [{ name: 'http1', containerPort: 8080 }],
  env: [{ name: 'A', value: '1' }],
};

/** A service whose app is its second container. */
async function withSidecar() {
  const cloud = await cloudWith({ secrets: { bypass: 'sesame-0123456789abcdef' } });
  cloud.changeTemplate(SERVICE, () => ({ containers: [collector, app] }), 'dave@example.com');
  await cloud.settled();
  return cloud;
}

type Cloud = Awaited<ReturnType<typeof withSidecar>>;
const containers = (cloud: Cloud) => cloud.service(SERVICE).template.containers ?? [];

describe('a service whose app is not its first container', () => {
  test('a deployment changes the image of the container with the port, and no other', async () => {
    await using cloud = await withSidecar();
    const { revision } = await deployNoTraffic(() => apiOf(cloud), LOCATION, `${IMAGES}:two`).perform();
    assert.deepEqual(containers(cloud), [collector, { ...app, image: `${IMAGES}:two` }]);
    assert.match(cloud.imageDigest(SERVICE, revision) ?? '', new RegExp(`^${IMAGES}@sha256:`));
  });

  test('a window merges its variables there, opens, and closes', async () => {
    await using cloud = await withSidecar();
    const openApi = () => apiOf(cloud);
    const digest = cloud.imageDigest(SERVICE, revisionNames(cloud).at(-1) ?? '');
    await enableMaintenance(openApi, LOCATION, values, { rotated: false, moveTraffic: false }).perform();
    const [first, second] = containers(cloud);
    assert.deepEqual(first, collector);
    assert.deepEqual({ ...second, env: second?.env?.slice(0, 1) }, { ...app, image: digest });
    assert.equal(second?.env?.length, 6);
    assert.equal((await maintenanceStatus(openApi, LOCATION).perform()).percent, 100);
    await disableMaintenance(openApi, LOCATION, { moveTraffic: false }).perform();
    assert.equal((await maintenanceStatus(openApi, LOCATION).perform()).percent, 0);
    assert.deepEqual(containers(cloud)[0], collector);
  });

  test("preflight looks at the app's environment", async () => {
    await using cloud = await withSidecar();
    cloud.changeTemplate(
      SERVICE,
      () => ({ containers: [{ ...collector, env: [{ name: 'WORKOS_CLIENT_ID', value: 'x' }] }, app] }),
      'dave@example.com',
    );
    const { findings } = await checkCloud({
      connection: { emulatorHost: cloud.host, identity: { kind: 'none' }, env: {} },
      location: LOCATION,
      image: undefined,
      domain: 'staging.example.com',
      expectedTraffic: undefined,
    });
    assert.ok(findings.some(({ found }) => found === 'WORKOS_CLIENT_ID is not set'));
  });
});
