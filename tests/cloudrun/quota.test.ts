import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CloudError, openServiceApi } from '@deploy/cloudrun';
import type { Emulator, Fault } from '@deploy/emulator';
import { cloudEnv, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { LOOK, pinnedCloud, WRITE } from '../support/colleague.ts';
import { runScript } from '../support/hosted-script.ts';

/** What Cloud Run says when a quota is used up: https://cloud.google.com/run/quotas */
const usedUp = (which: string): Fault => ({
  kind: 'error',
  httpStatus: 429,
  status: 'RESOURCE_EXHAUSTED',
  message: `Quota exceeded for quota metric '${which} requests' and limit '${which} requests per minute per region' of service 'run.googleapis.com'.`,
});
const asked = (cloud: Emulator, wanted: string): number =>
  cloud.requests.filter(({ method }) => method === wanted).length;

describe('a quota per minute that is used up', { concurrency: true }, () => {
  test('is waited for by a rollback, for its reads and its write, which is told once', async () => {
    await using cloud = await pinnedCloud();
    const target = revisionNames(cloud)[1] ?? '';
    // More than the usual attempts of a call.
    cloud.on({ match: LOOK, times: 7, fault: usedUp('Read') });
    cloud.on({ match: WRITE, times: 7, fault: usedUp('Write') });
    const run = await runScript('canary-rollout', ['rollback', target], { env: cloudEnv(cloud) });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.deepEqual(serving(cloud), [`${target}=100`]);
    const told = run.stderr.match(/^.*: waiting for up to a minute, until the quota is renewed$/gm) ?? [];
    assert.equal(told.length, 1, run.stderr);
    assert.match(
      told[0] ?? '',
      /^reading service control: too many requests \(Quota exceeded .*Read requests/,
    );
    assert.equal(asked(cloud, 'PATCH'), 8);
    assert.equal(run.stderr.match(/^warning: this goes forwards/gm)?.length, 1, run.stderr);
  });

  test('is waited for by the closing of a maintenance window', async () => {
    const env = { OA_MAINTENANCE_MODE_ENABLED: 'true' };
    await using cloud = await cloudWith({ services: [{ name: SERVICE, image: `${IMAGES}:one`, env }] });
    cloud.on({ match: WRITE, times: 6, fault: usedUp('Write') });
    const run = await runScript('maintenance-mode', ['disable'], { env: cloudEnv(cloud) });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.match(run.stderr, /too many requests .*: waiting for up to a minute/);
  });

  for (const [what, ms, which] of [
    ['is not waited for longer than that', 0, 'Read'],
    ['that counts by the day is not waited for', 60_000, 'per day: Read'],
  ] as const) {
    test(what, async () => {
      await using cloud = await pinnedCloud();
      cloud.on({ match: LOOK, times: 99, fault: usedUp(which) });
      const told: string[] = [];
      const quota = { ms, tell: (why: string) => void told.push(why) };
      const api = await openServiceApi(
        { emulatorHost: cloud.host, identity: { kind: 'none' }, env: {}, quota },
        LOCATION,
      );
      await assert.rejects(api.read(), (error: CloudError) => error.kind === 'rate-limited');
      assert.equal(asked(cloud, 'GET'), 5);
      assert.equal(told.length, ms === 0 ? 1 : 0);
    });
  }
});
