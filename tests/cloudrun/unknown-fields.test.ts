import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployNoTraffic } from '@deploy/cloudrun';
import { disableMaintenance, enableMaintenance } from '@deploy/cloudrun/maintenance';
import { request } from 'undici';
import { apiOf, cloudWith, IMAGES, LOCATION, PROJECT, SERVICE } from '../support/cloud.ts';
import { NEWER_TEMPLATE } from '../support/newer-template.ts';

type Cloud = Awaited<ReturnType<typeof cloudWith>>;
type Json = Record<string, unknown>;

const NONCE = 'client.knative.dev/nonce';

/**
 * A service whose template has all that the vendor's client does not know, with all traffic on its revision or LATEST.
 */
async function newerService({ pinned }: { pinned: boolean }): Promise<Cloud> {
  const cloud = await cloudWith({ secrets: { 'bypass-token': 'sesame' } });
  const write = async (mask: string, fields: Json) => {
    const path = `/v2/projects/${PROJECT}/locations/us-central1/services/${SERVICE}?updateMask=${mask}`;
    const { statusCode, body } = await request(`${cloud.url}${path}`, {
      method: 'PATCH',
      body: JSON.stringify(fields),
    });
    assert.equal(statusCode, 200, await body.text());
    await cloud.settled();
  };
  await write('template', { template: NEWER_TEMPLATE });
  if (pinned) {
    const revision = cloud.service(SERVICE).latestCreatedRevision?.split('/').at(-1);
    await write('traffic', {
      traffic: [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision, percent: 100 }],
    });
  }
  return cloud;
}

/** The template without the mark that every write puts on it. */
function withoutMark({ labels, ...template }: Json): Json {
  const { [NONCE]: _, ...others } = (labels ?? {}) as Json;
  return Object.keys(others).length === 0 ? template : { ...template, labels: others };
}

describe('what the vendor’s client does not know survives', () => {
  test('a deployment, but for the image', async () => {
    await using cloud = await newerService({ pinned: false });
    const image = `${IMAGES}:two`;
    await deployNoTraffic(() => apiOf(cloud), LOCATION, image).perform();
    const [app] = NEWER_TEMPLATE.containers;
    assert.deepEqual(withoutMark(cloud.service(SERVICE).template), {
      ...NEWER_TEMPLATE,
      containers: [{ ...app, image }],
    });
  });

  for (const pinned of [false, true]) {
    test(`a maintenance window, opened and closed, on ${pinned ? 'pinned traffic' : 'LATEST'}`, async () => {
      await using cloud = await newerService({ pinned });
      const values = {
        cookieName: 'bypass',
        cookieTtlSeconds: 900,
        allowedPaths: '/healthz',
        secretName: 'bypass-token',
      };
      const options = { moveTraffic: true, rotated: false };
      await enableMaintenance(() => apiOf(cloud), LOCATION, values, options).perform();
      await disableMaintenance(() => apiOf(cloud), LOCATION, options).perform();
      const { containers = [], ...template } = withoutMark(cloud.service(SERVICE).template);
      const { containers: before, ...expected } = NEWER_TEMPLATE;
      assert.deepEqual(template, expected);
      const [{ env: _, image: __, ...app } = {}] = containers as Json[];
      const [{ image: ___, ...appBefore } = {}] = before as Json[];
      assert.deepEqual(app, appBefore);
    });
  }
});
