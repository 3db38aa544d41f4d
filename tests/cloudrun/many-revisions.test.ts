import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiOf, cloudWith, IMAGES, SERVICE } from '../support/cloud.ts';

test('a revision is found by its mark on whichever page of a long list it is', async () => {
  await using cloud = await cloudWith({
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:one`,
        laterImages: Array.from({ length: 100 }, (_, i) => `${IMAGES}:${i}`),
      },
    ],
  });
  cloud.changeTemplate(
    SERVICE,
    (template) => ({ ...template, labels: { 'client.knative.dev/nonce': 'markedmark' } }),
    'dave@example.com',
  );
  for (let i = 0; i < 105; i += 1) {
    cloud.changeTemplate(
      SERVICE,
      (template) => ({ ...template, labels: { 'client.knative.dev/nonce': `other${i}` } }),
      'dave@example.com',
    );
  }
  await cloud.settled();
  const api = await apiOf(cloud);
  const lists = () => cloud.requests.filter(({ path }) => path.endsWith('/revisions')).length;
  assert.match((await api.findRevision('markedmark'))?.name ?? '', /^control-00102-/);
  assert.equal(lists(), 2, 'it is on the second page');
  assert.equal(await api.findRevision('nobodyhas'), undefined);
  assert.equal(lists(), 5, 'all three pages');
});
