import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startEmulator } from '@deploy/emulator';
import { STAGING, STAGING_SERVICE } from '@deploy/rehearsal/stage';
import { preflightWorld } from '../support/preflight-world.ts';
import { NEW_IMAGE, staging } from '../support/staging.ts';

const SERVICE = 'openagents-control-service';

function production() {
  const services = [{ ...STAGING_SERVICE, name: SERVICE }];
  return startEmulator({ ...STAGING, reconcileMs: 30, services });
}

describe('deploy-production', () => {
  test('does what deploy-staging does, to the production service and without the [staging] line', async () => {
    await using place = await preflightWorld(await production());
    const run = await place.run('deploy-production', { SKIP_VERIFY: '1' });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.match(run.stderr, /domain mapping: openagents\.com is not mapped .*Check PRODUCTION_DOMAIN,/);
    assert.doesNotMatch(run.stderr, /STAGING_DOMAIN/);
    assert.match(run.stderr, /^evidence report: .*\/\d{8}T\d{6}Z-production-deploy-report\.md$/m);
    const [made, served] = place.cloud.revisions(SERVICE);
    const newest = made?.name.split('/').at(-1) ?? '';
    assert.equal(made?.containers?.[0]?.image, NEW_IMAGE);
    assert.deepEqual(
      place.cloud.service(SERVICE).trafficStatuses.map(({ revision, percent }) => [revision, percent]),
      [[served?.name.split('/').at(-1), 100]],
    );
    assert.match(run.stdout, /^\[deploy\] rust web-shell dist build\n/);
    assert.deepEqual(
      run.stdout
        .split('\n')
        .filter((line) => line.startsWith('[deploy] d') || line.startsWith('+ '))
        .map((line) => line.replace(/ is ready .*/, '')),
      [
        `[deploy] deploy no-traffic revision image=${NEW_IMAGE}`,
        `+ gcloud run deploy ${SERVICE} --project openagentsgemini --region us-central1 --image ${NEW_IMAGE} --no-traffic`,
        `[deploy] done. ${newest}`,
      ],
    );
  });

  test('its preconditions are looked at by preflight as well, with its own domain and its own next step', async () => {
    await using place = await preflightWorld(await production());
    const env = { SERVICE, SKIP_VERIFY: '1', GITHUB_ACTIONS: 'true' };
    const run = await place.run('preflight', env);
    assert.equal(run.exitCode, 0, run.stdout);
    assert.match(run.stdout, /domain mapping: openagents\.com is not mapped .*Check PRODUCTION_DOMAIN,/);
    assert.match(run.stderr, /^ {2}.*deploy-production\.ts$/m);
  });

  test('refuses a service of staging, shows both ways on, and may be insisted on', async () => {
    await using place = await preflightWorld(await staging());
    const env = { SERVICE: `${SERVICE}-staging`, DRY_RUN: '1', SKIP_VERIFY: '1' };
    const refused = await place.run('deploy-production', env);
    assert.equal(refused.exitCode, 1);
    assert.equal(refused.stdout, '');
    assert.match(
      refused.stderr,
      new RegExp(
        `^error: SERVICE is ${SERVICE}-staging, .*\nNothing was changed\\..*\n  .*SERVICE=${SERVICE} IMAGE=${NEW_IMAGE} .*deploy-production\\.ts\n`,
      ),
    );
    assert.match(refused.stderr, /^ {2}.*-staging IMAGE=.*deploy-staging\.ts$/m);
    assert.match(refused.stderr, /SKIP_SERVICE_CHECK=1$/m);
    const insisted = await place.run('deploy-production', { ...env, SKIP_SERVICE_CHECK: '1' });
    assert.equal(insisted.exitCode, 0, insisted.stderr);
  });

  test('of production is refused by deploy-staging in the same way', async () => {
    await using place = await preflightWorld(await production());
    const env = { SERVICE, DRY_RUN: '1', SKIP_VERIFY: '1' };
    const refused = await place.run('deploy-staging', env);
    assert.equal(refused.exitCode, 1);
    assert.equal(refused.stdout, '');
    assert.match(refused.stderr, new RegExp(`^error: SERVICE is ${SERVICE}, a service of production, `));
    assert.match(refused.stderr, /^ {2}.*SERVICE=\S+-staging IMAGE=.*deploy-staging\.ts$/m);
    assert.match(refused.stderr, /^ {2}.* IMAGE=.*deploy-production\.ts$/m);
    const insisted = await place.run('deploy-staging', { ...env, SKIP_SERVICE_CHECK: '1' });
    assert.equal(insisted.exitCode, 0, insisted.stderr);
  });

  test('a dry run of both differs in the [staging] line and the service alone', async () => {
    await using place = await preflightWorld(await staging());
    const env = { DRY_RUN: '1', SKIP_VERIFY: '1' };
    const [forStaging, forProduction] = await Promise.all([
      place.run('deploy-staging', env),
      place.run('deploy-production', env),
    ]);
    const [heading, ...rest] = forStaging.stdout.split('\n');
    assert.match(heading ?? '', /^\[staging\] /);
    assert.equal(forProduction.stdout, rest.join('\n').replaceAll(`${SERVICE}-staging`, SERVICE));
  });
});

describe('CANARY_TAG', () => {
  test('tags the new revision, in the line as well', async () => {
    await using place = await preflightWorld(await production());
    const env = { SKIP_VERIFY: '1', SKIP_PREFLIGHT: '1', CANARY_TAG: 'candidate' };
    const run = await place.run('deploy-production', env);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.match(run.stdout, /^\+ gcloud run deploy .* --no-traffic --tag candidate$/m);
    const newest = place.cloud.revisions(SERVICE)[0]?.name.split('/').at(-1);
    const tagged = place.cloud.service(SERVICE).trafficStatuses.find(({ tag }) => tag === 'candidate');
    assert.equal(tagged?.revision, newest);
  });

  test('too long for the name of its service, it is refused before anything is built or written', async () => {
    await using place = await preflightWorld(await staging());
    const run = await place.run('deploy-staging', { CANARY_TAG: 'candidate-one' });
    assert.equal(run.exitCode, 1);
    assert.equal(run.stdout, '');
    assert.match(
      run.stderr,
      /^error: CANARY_TAG is "candidate-one", which is too long: .* 46 characters together/m,
    );
    assert.match(run.stderr, /at most 12 characters/);
    assert.deepEqual(place.cloud.requests, []);
  });
});
