import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { openEvidence, readReport } from '@deploy/report';
import { testCheckout } from '../report/support/checkout.ts';
import { cloudEnv, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { cloudWithCandidate } from '../support/promotion.ts';

const FAST = {
  CANARY_STEPS: '25,100',
  CANARY_WINDOW: '2m',
  CANARY_MAX_WINDOW: '4m',
  CANARY_MIN_REQUESTS: '20',
  CANARY_POLL_SECONDS: '1.2',
  CANARY_SOURCE: 'logs',
  EVIDENCE_REPORT: 'none',
};

describe('canary-rollout promote', { concurrency: 2 }, () => {
  test('a dry run prints the plan, and needs no cloud', async () => {
    const env = { DRY_RUN: '1', PROJECT: 'p', SERVICE: 's', ...FAST };
    const run = await runScript('canary-rollout', ['promote', 's-00002-abc'], { env });
    assert.equal(run.exitCode, 0, run.stderr);
    const update = '+ gcloud run services update-traffic s --project p --region us-central1';
    assert.deepEqual(
      run.stdout.split('\n').filter((line) => line.startsWith('+ ')),
      [
        `${update} --update-tags candidate=s-00002-abc`,
        `${update} --to-revisions <stable>=75,s-00002-abc=25`,
        `${update} --to-revisions s-00002-abc=100`,
        `${update} --remove-tags candidate`,
        `${update} --to-revisions <stable>=100`,
      ],
    );
    assert.match(run.stdout, /^\[promote\] 25 %: watched for 2 min, at most 4; without a decision: hold$/m);
    assert.match(run.stdout, /^\[promote\] limits: 5xx below 1 %;/m);
  });

  test('wrong usage exits 2, an impossible setting 1, before anything is looked at', async () => {
    const env = { PROJECT: 'p', CLOUD_RUN_EMULATOR_HOST: '127.0.0.1:1' };
    const wrong = await runScript('canary-rollout', ['promote', 'a-1', 'b-1'], { env });
    assert.equal(wrong.exitCode, 2);
    const settings = { CANARY_WINDOW: '20m', CANARY_MAX_WINDOW: '10m' };
    const short = await runScript('canary-rollout', ['promote'], { env: { ...env, ...settings } });
    assert.equal(short.exitCode, 1);
    assert.match(short.stderr, /^error: CANARY_MAX_WINDOW is 10m, which is shorter/m);
    const tag = { CANARY_TAG: 'a-much-too-long-tag-here' };
    const long = await runScript('canary-rollout', ['promote'], { env: { ...env, ...tag } });
    assert.match(long.stderr, /^error: CANARY_TAG is .* 46 characters together/m);
  });

  test('walks a healthy candidate to 100 %', async () => {
    await using cloud = await cloudWithCandidate({ tokenLifeSeconds: 300 });
    const [, canary = ''] = revisionNames(cloud);
    const env = { ...cloudEnv(cloud), ...FAST, CLOUDSDK_AUTH_ACCESS_TOKEN: 'token-of-this-test' };
    const run = await runScript('canary-rollout', ['promote'], { env });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
    assert.match(run.stderr, /^warning: the access token ends in 5 min, and this may take 8 min: /m);
    assert.match(run.stdout, /^\[promote\] 25 %: healthy: .* -> next step$/m);
    assert.match(run.stdout, new RegExp(`^\\[promote\\] done\\. ${canary} has all the traffic$`, 'm'));
    assert.match(run.stderr, /^reading logs: asked for$/m);
    assert.match(
      run.stderr,
      /^To go back, at any time and from anywhere:\n {2}.*canary-rollout\.ts rollback control-00001-\w+\n/m,
    );
    const smoke = `OPENAGENTS_BASE_URL=${cloud.service(SERVICE).uri} .*smoke-health\\.ts`;
    assert.match(run.stderr, new RegExp(`^next, to check what serves:\\n {2}.*${smoke}$`, 'm'));
    assert.match(run.stderr, /^to go back:\n {2}.*canary-rollout\.ts rollback control-00001/m);
  });

  test('takes a bad one back, exits 1, and prints how to go on', async () => {
    await using cloud = await cloudWithCandidate({ candidate: { errorPercent: 5 }, perMinute: 300 });
    const [stable = '', canary = ''] = revisionNames(cloud);
    await using checkout = await testCheckout();
    const image = `${IMAGES}:two`;
    const begun = { checkout, location: LOCATION, image, evidenceReport: undefined, note: () => {} };
    const { path = '' } = await openEvidence(begun);
    const env = { ...cloudEnv(cloud), ...FAST, CANARY_MAX_WINDOW: '20m', EVIDENCE_REPORT: path };
    const run = await runScript('canary-rollout', ['promote'], { env });
    assert.equal(run.exitCode, 1, run.stderr);
    assert.deepEqual(serving(cloud), [`${stable}=100`, `${canary}=0(candidate)`]);
    assert.match(run.stdout, new RegExp(`^\\+ .* --to-revisions ${stable}=100$`, 'm'));
    assert.match(run.stderr, new RegExp(`^error: ${canary} was rolled back at 25 %`, 'm'));
    assert.match(run.stderr, /route-split\/override/);
    const { record } = await readReport(path);
    const [promotion] = record.promotions ?? [];
    assert.deepEqual([promotion?.stable, promotion?.canary, promotion?.source], [stable, canary, 'logs']);
    const notes = promotion?.notes.map(({ text }) => text).join('\n') ?? '';
    assert.match(notes, /^25 %: unhealthy: .* -> back to stable$/m);
    assert.match(notes, /^all traffic is back, /m);
    assert.ok(promotion?.minutes.some(({ canary: { requests } }) => requests > 0));
    assert.equal(record.trafficChanges.length, 2);
    assert.match(await readFile(path, 'utf8'), /^## Promotions$/m);
    const again = await runScript('canary-rollout', ['promote'], { env });
    assert.equal(again.exitCode, 1);
    assert.match(again.stderr, /CANARY_RETRY=1/);
  });

  test('holds a quiet service with exit 3', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 0 });
    const env = { ...cloudEnv(cloud), ...FAST };
    const run = await runScript('canary-rollout', ['promote'], { env });
    assert.equal(run.exitCode, 3, run.stderr);
    assert.match(run.stderr, /^error: held at 25 %, since nothing could be decided: too few requests/m);
    assert.equal(cloud.service(SERVICE).trafficStatuses.length, 3);
  });
});
