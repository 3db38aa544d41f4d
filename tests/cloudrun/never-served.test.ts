import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maintenanceStatus } from '@deploy/cloudrun/maintenance';
import { apiOf, cloudWith, IMAGES, LOCATION, SERVICE } from '../support/cloud.ts';

test('a service that never served has no maintenance window', async () => {
  const image = `${IMAGES}:bad`;
  await using cloud = await cloudWith({
    images: { [image]: 'never-ready' },
    services: [{ name: SERVICE, image }],
  });
  assert.equal((await maintenanceStatus(() => apiOf(cloud), LOCATION).perform()).percent, 0);
});
