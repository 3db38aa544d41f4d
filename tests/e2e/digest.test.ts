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

  test('is not known to be the image of before when its registry is not asked, or Cloud Run does not say it: both are said', async () => {
    const elsewhere = 'ghcr.io/openagents/control:two';
    await using place = await preflightWorld(await staging());
    const other = await place.run('deploy-staging', { SKIP_VERIFY: '1', IMAGE: elsewhere });
    assert.equal(other.exitCode, 0, other.stderr);
    assert.match(
      other.stderr,
      /^warning: whether somebody moved the tag of ghcr\.io\/openagents\/control:two before \S+ was made is not known, because ghcr\.io is not one of Google's registries; it runs sha256:[0-9a-f]{64}\. To be sure, /m,
    );
    const [, digest = ''] = /it runs (sha256:[0-9a-f]{64})/.exec(other.stderr) ?? [];
    const byDigest = await place.run('deploy-staging', {
      SKIP_VERIFY: '1',
      IMAGE: `ghcr.io/openagents/control@${digest}`,
    });
    assert.equal(byDigest.exitCode, 0, byDigest.stderr);
    assert.doesNotMatch(byDigest.stderr, /^warning: /m);

    let isMade = false;
    const { cloud } = place;
    cloud.on({
      match: WRITE,
      fault: {
        kind: 'first',
        act: () => {
          isMade = true;
        },
      },
    });
    cloud.on({
      match: { path: /serving\.knative\.dev.*\/revisions\// },
      isDue: () => isMade,
      fault: { kind: 'not-json', body: '{"status":{}}' },
      times: 99,
    });
    const silent = await place.run('deploy-staging', { SKIP_VERIFY: '1' });
    assert.equal(silent.exitCode, 0, silent.stderr);
    assert.match(
      silent.stderr,
      /^warning: Cloud Run does not say which image \S+ runs, so it was not compared .* IMAGE=\S+@sha256:[0-9a-f]{64}$/m,
    );
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
