import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readReport } from '@deploy/report';
import { type PreflightWorld, preflightWorld } from '../support/preflight-world.ts';
import { NEW_IMAGE, SERVICE, staging } from '../support/staging.ts';

const REPORTS = 'apps/openagents.com/service/docs/reports';
const WRITE = { method: 'PATCH', path: /services\// };

async function recordedDigest({ checkout }: PreflightWorld): Promise<string | undefined> {
  const folder = join(checkout.root, REPORTS);
  const [name = ''] = (await readdir(folder)).filter((each) => each.endsWith('.md'));
  return (await readReport(join(folder, name))).record.image.digest;
}

function runningDigest({ cloud }: PreflightWorld): string {
  const [newest] = cloud.revisions(SERVICE);
  return cloud.imageDigest(SERVICE, newest?.name.split('/').at(-1) ?? '')?.split('@')[1] ?? '';
}

describe('the digest that really runs', () => {
  test('is the recorded one, with preflight and without', async () => {
    for (const skip of [{}, { SKIP_PREFLIGHT: '1' }]) {
      await using place = await preflightWorld(await staging());
      const run = await place.run('deploy-staging', { SKIP_VERIFY: '1', ...skip });
      assert.equal(run.exitCode, 0, run.stderr);
      assert.match(runningDigest(place), /^sha256:/);
      assert.equal(await recordedDigest(place), runningDigest(place));
      // Its domain is ready, but leads to the real service, not to the local one.
      const own = `with OPENAGENTS_BASE_URL=${place.cloud.service(SERVICE).uri}\n`;
      assert.equal(run.stdout.endsWith(own), !('SKIP_PREFLIGHT' in skip), run.stdout);
    }
  });

  test('is an error before any traffic moves where the tag was moved after preflight looked', async () => {
    await using place = await preflightWorld(await staging());
    const { cloud } = place;
    const before = cloud.service(SERVICE).trafficStatuses;
    cloud.on({ match: WRITE, fault: { kind: 'first', act: () => cloud.pushImage(NEW_IMAGE) } });
    const run = await place.run('deploy-staging', { SKIP_VERIFY: '1' });
    assert.equal(run.exitCode, 1);
    const running = runningDigest(place);
    assert.match(
      run.stderr,
      new RegExp(
        `^error: revision \\S+ runs ${running}, but preflight found sha256:[0-9a-f]{64} behind ${NEW_IMAGE}`,
        'm',
      ),
    );
    assert.match(run.stderr, /IMAGE=\S+@sha256:[0-9a-f]{64}$/m);
    assert.doesNotMatch(run.stdout, /\[deploy\] done/);
    assert.equal(await recordedDigest(place), running);
    const served = cloud.service(SERVICE).trafficStatuses;
    assert.equal(served.length, before.length);
    assert.ok(served.every(({ revision }) => !cloud.revisions(SERVICE)[0]?.name.endsWith(`/${revision}`)));
  });
});
