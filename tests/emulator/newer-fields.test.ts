import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { request } from 'undici';
import { cloudWith, PROJECT, SERVICE } from '../support/cloud.ts';
import { NEWER_TEMPLATE } from '../support/newer-template.ts';

type Cloud = Awaited<ReturnType<typeof cloudWith>>;
const URL_PATH = `/v2/projects/${PROJECT}/locations/us-central1/services/${SERVICE}`;

async function patchTemplate(cloud: Cloud, template: unknown): Promise<{ status: number; text: string }> {
  const { statusCode, body } = await request(`${cloud.url}${URL_PATH}?updateMask=template`, {
    method: 'PATCH',
    body: JSON.stringify({ template }),
  });
  const text = await body.text();
  await cloud.settled();
  return { status: statusCode, text };
}

describe('fields that the real API has and the vendor’s descriptors do not know', () => {
  test('are kept and returned as they were sent, on the service and on the revision', async () => {
    await using cloud = await cloudWith({ secrets: {} });
    const { status, text } = await patchTemplate(cloud, NEWER_TEMPLATE);
    assert.equal(status, 200, text);
    assert.deepEqual(cloud.service(SERVICE).template, NEWER_TEMPLATE);
    const { healthCheckDisabled: _, ...shared } = NEWER_TEMPLATE;
    const revision = cloud.revisions(SERVICE)[0] ?? {};
    for (const [key, value] of Object.entries(shared)) {
      assert.deepEqual((revision as Record<string, unknown>)[key], value, key);
    }
    assert.ok(!('healthCheckDisabled' in revision), 'a revision has no such field in Admin v2');
  });

  for (const [name, template] of [
    ['a misspelled one', { ...NEWER_TEMPLATE, terminationGracePeriods: '30s' }],
    ['a wrong type', { ...NEWER_TEMPLATE, terminationGracePeriod: { seconds: 30 } }],
    ['an enum that nobody knows', { ...NEWER_TEMPLATE, executionEnvironment: 'EXECUTION_ENVIRONMENT_GEN17' }],
  ] as const) {
    test(`${name} is refused`, async () => {
      await using cloud = await cloudWith();
      const { status, text } = await patchTemplate(cloud, template);
      assert.equal(status, 400, text);
    });
  }
});
