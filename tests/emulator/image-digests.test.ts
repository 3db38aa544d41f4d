import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployNoTraffic } from '@deploy/cloudrun';
import { request } from 'undici';
import { apiOf, cloudWith, IMAGES, LOCATION, PROJECT, revisionNames, SERVICE } from '../support/cloud.ts';

type Cloud = Awaited<ReturnType<typeof cloudWith>>;

async function ask(cloud: Cloud, path: string, change?: { method: 'PATCH'; body: unknown }) {
  const { statusCode, body } = await request(`${cloud.url}${path}`, {
    ...(change && { method: change.method, body: JSON.stringify(change.body) }),
  });
  return { status: statusCode, json: (await body.json()) as never };
}

async function statusDigest(cloud: Cloud, revision: string): Promise<string | undefined> {
  const { json } = await ask(
    cloud,
    `/apis/serving.knative.dev/v1/namespaces/${PROJECT}/revisions/${revision}`,
  );
  return (json as { status: { imageDigest?: string } }).status.imageDigest;
}

const deploy = (cloud: Cloud, image: string) =>
  deployNoTraffic(() => apiOf(cloud), LOCATION, image).perform();

describe('the digest that a revision runs', () => {
  test('is what its tag meant when it was made; a moved tag is another digest for the next revision only', async () => {
    await using cloud = await cloudWith();
    const [first = ''] = revisionNames(cloud);
    const before = await statusDigest(cloud, first);
    assert.match(before ?? '', new RegExp(`^${IMAGES}@sha256:[0-9a-f]{64}$`));

    cloud.pushImage(`${IMAGES}:one`);
    await deploy(cloud, `${IMAGES}:one`);
    const [, second = ''] = revisionNames(cloud);
    assert.equal(await statusDigest(cloud, first), before);
    assert.match((await statusDigest(cloud, second)) ?? '', new RegExp(`^${IMAGES}@sha256:[0-9a-f]{64}$`));
    assert.notEqual(await statusDigest(cloud, second), before);
    assert.equal(cloud.imageDigest(SERVICE, second), await statusDigest(cloud, second));

    await deploy(cloud, before ?? '');
    assert.equal(await statusDigest(cloud, revisionNames(cloud)[2] ?? ''), before);
  });

  test('what was pushed decides whether the next revision comes up', async () => {
    await using cloud = await cloudWith();
    const before = cloud.imageDigest(SERVICE, revisionNames(cloud)[0] ?? '') ?? '';
    cloud.pushImage(`${IMAGES}:one`, 'never-ready');
    await assert.rejects(deploy(cloud, `${IMAGES}:one`), /HEALTH_CHECK_CONTAINER_ERROR/);
    await deploy(cloud, before);
  });

  test('is no use when the image is built for another processor: the revision does not come up', async () => {
    await using cloud = await cloudWith({
      images: { [`${IMAGES}:two`]: 'arm64', [`${IMAGES}:three`]: 'arm64-index' },
    });
    await assert.rejects(deploy(cloud, `${IMAGES}:two`), /HEALTH_CHECK_CONTAINER_ERROR/);
    await assert.rejects(deploy(cloud, `${IMAGES}:three`), /must support amd64\/linux/);
  });

  test('is there for none whose image is missing', async () => {
    await using cloud = await cloudWith({ images: { [`${IMAGES}:two`]: 'missing' } });
    await assert.rejects(deploy(cloud, `${IMAGES}:two`), /CONTAINER_MISSING/);
    assert.equal(await statusDigest(cloud, revisionNames(cloud)[1] ?? ''), undefined);
  });
});

describe('containers beside the one that takes the requests', () => {
  const collector = { name: 'collector', image: 'registry.example.com/otel/collector:1' };
  const app = { name: 'app', image: `${IMAGES}:two`, ports: [{ containerPort: 8080 }] };
  const path = `/v2/projects/${PROJECT}/locations/us-central1/services/${SERVICE}`;
  const change = (cloud: Cloud, containers: unknown[]) =>
    ask(cloud, `${path}?updateMask=template`, { method: 'PATCH', body: { template: { containers } } });

  test("the revision's digest is that of the container with the port, and its environment decides", async () => {
    await using cloud = await cloudWith();
    const on = [{ name: 'OA_MAINTENANCE_MODE_ENABLED', value: 'true' }];
    const { status } = await change(cloud, [collector, { ...app, env: on }]);
    assert.equal(status, 200);
    await cloud.settled();
    const [, second = ''] = revisionNames(cloud);
    assert.match(cloud.imageDigest(SERVICE, second) ?? '', new RegExp(`^${IMAGES}@`));
    const page = await request(cloud.service(SERVICE).uri);
    await page.body.dump();
    assert.equal(page.statusCode, 503);
  });

  for (const [name, containers] of [
    ['none of several', [collector, { ...app, ports: [] }]],
    ['two of them', [{ ...collector, ports: [{ containerPort: 4317 }] }, app]],
  ] as const) {
    test(`a port on ${name} is refused`, async () => {
      await using cloud = await cloudWith();
      const { status, json } = await change(cloud, [...containers]);
      assert.equal(status, 400);
      assert.match(
        (json as { error: { message: string } }).error.message,
        /Revision template should contain exactly one container with an exposed port/,
      );
    });
  }

  test('a second port on one container is refused, as is a container without an image', async () => {
    await using cloud = await cloudWith();
    const ports = [{ containerPort: 8080 }, { containerPort: 8081 }];
    assert.equal((await change(cloud, [{ ...app, ports }])).status, 400);
    assert.equal((await change(cloud, [app, { name: 'collector' }])).status, 400);
  });
});
