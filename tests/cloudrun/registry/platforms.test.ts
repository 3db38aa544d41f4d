import assert from 'node:assert/strict';
import { test } from 'node:test';
import { platformsOf } from '@deploy/cloudrun/registry';

const of = (...platforms: readonly (Record<string, string> | undefined)[]) =>
  platformsOf(() => assert.fail('an index names its platforms itself'), {
    ...{ host: 'us-docker.pkg.dev', repository: 'project/images/control' },
    manifest: JSON.stringify({ manifests: platforms.map((platform) => ({ platform })) }),
  });

test('an index: its platforms, by the names that Docker gives them, whatever its builder calls them', async () => {
  const arm64 = { os: 'linux', architecture: 'arm64', variant: 'v8' };
  const index = (...names: string[]) => ({ names, isOnlyLabel: false });
  const amd64 = { os: 'linux', architecture: 'amd64' };
  assert.deepEqual(await of(arm64, amd64), index('linux/arm64', 'linux/amd64'));
  assert.deepEqual(await of({ os: 'Linux', architecture: 'x86_64' }), index('linux/amd64'));
  assert.deepEqual(await of({ os: 'linux', architecture: 'aarch64' }), index('linux/arm64'));
});

test('an index that does not name the platform of all its images: not known', async () => {
  const arm64 = { os: 'linux', architecture: 'arm64' };
  assert.equal(await of(arm64, undefined), undefined);
  assert.equal(await of(arm64, { architecture: 'amd64' }), undefined);
  assert.equal(await of({ os: 'unknown', architecture: 'unknown' }), undefined);
  assert.equal(await of(), undefined);
});
