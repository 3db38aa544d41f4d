import assert from 'node:assert/strict';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '@deploy/cli';
import { PROJECT, revisionNames, SERVICE, serving } from '../../support/cloud.ts';
import { gcloudEnv, withoutGcloud } from '../../support/gcloud.ts';
import { cloudWithCandidate, startWalk } from '../../support/promotion.ts';

test('gcloud itself moves the traffic in the middle of a promotion: it wins, and nothing more is touched', {
  skip: withoutGcloud,
}, async () => {
  await using cloud = await cloudWithCandidate({ perMinute: 0 });
  await using config = await mkdtempDisposable(join(tmpdir(), 'gcloud-config-'));
  const [stable = '', canary = ''] = revisionNames(cloud);
  // Nothing ends before gcloud has done its work, which takes seconds, and minutes of this clock.
  const walk = await startWalk(cloud, { settings: { windowMinutes: 6000, maxWindowMinutes: 6000 } });
  await walk.until((event) => event.kind === 'stepBegun');
  const where = ['--project', PROJECT, '--region', 'us-central1'];
  const run = await runCommand(
    [
      'gcloud',
      'run',
      'services',
      'update-traffic',
      SERVICE,
      ...where,
      '--to-revisions',
      `${stable}=90,${canary}=10`,
    ],
    { env: { PATH: process.env.PATH ?? '', ...gcloudEnv(cloud, config.path) } },
  );
  assert.equal(run.exitCode, 0, run.stderr);
  const written = (): number =>
    cloud.requests.filter(({ method }) => method === 'PATCH' || method === 'PUT').length;
  const before = written();
  const outcome = await walk.outcome;
  assert.ok(outcome.state === 'superseded', JSON.stringify(outcome));
  assert.match(
    outcome.why,
    /changed service control .*: traffic is control-00001-\w+=90 control-00002-\w+=10, not /,
  );
  assert.equal(written(), before);
  assert.deepEqual(serving(cloud), [`${stable}=90`, `${canary}=10`, `${canary}=0(candidate)`]);
});
