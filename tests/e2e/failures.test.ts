import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { refusingAddress } from '../support/refusing-address.ts';
import type { ScriptRun } from '../support/run-script.ts';

/** One line that says what is wrong, the next what to do, no stack, exit code 1. */
function assertOneClearError({ exitCode, stderr }: ScriptRun, what: RegExp, hint: RegExp): void {
  const lines = stderr.trimEnd().split('\n');
  const errors = lines.filter((line) => line.startsWith('error: '));
  assert.equal(errors.length, 1, stderr);
  assert.match(errors[0] ?? '', what);
  assert.match(lines.at(-1) ?? '', hint);
  assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
  assert.equal(exitCode, 1);
}

describe('a failure is one line that says what is wrong, and one that says what to do', () => {
  test('a service that does not exist', async () => {
    await using cloud = await cloudWith();
    const run = await runScript('canary-rollout', ['status'], {
      env: { ...cloudEnv(cloud), SERVICE: 'nix' },
    });
    assertOneClearError(
      run,
      /reading service nix: not found in region us-central1/,
      /^ {2}.*gcloud run services list --project /,
    );
    assert.match(run.stderr, /^Check PROJECT, REGION and SERVICE; /m);
  });

  test('a project without permission', async () => {
    await using cloud = await cloudWith();
    const run = await runScript('canary-rollout', ['deploy-no-traffic', `${IMAGES}:two`], {
      env: { ...cloudEnv(cloud), PROJECT: 'somebody-elses' },
    });
    assertOneClearError(run, /no permission in project somebody-elses/, /roles\/run\.developer/);
    assert.ok(cloud.requests.every(({ method }) => method === 'GET'));
    assert.equal(revisionNames(cloud).length, 1);
  });

  test('a service that may be read but not changed', async () => {
    await using cloud = await cloudWith({ denied: ['run.services.update'] });
    const [first = ''] = revisionNames(cloud);
    const before = cloud.service(SERVICE);
    const run = await runScript('canary-rollout', ['rollback', first], { env: cloudEnv(cloud) });
    assertOneClearError(run, /no permission .*run\.services\.update/, /roles\/run\.developer/);
    assert.deepEqual(cloud.service(SERVICE), before);
  });

  test('an expired login', async () => {
    await using cloud = await cloudWith({ requireLogin: true });
    const run = await runScript('canary-rollout', ['status'], { env: cloudEnv(cloud) });
    assertOneClearError(run, /the login is missing or has expired/, /gcloud auth login/);
  });

  test('no login at all: no token, no credentials file, no account in gcloud', async () => {
    const run = await runScript('canary-rollout', ['status'], {
      env: { PROJECT: 'p', GOOGLE_APPLICATION_CREDENTIALS: `${import.meta.filename}/credentials.json` },
    });
    assertOneClearError(run, /credentials\.json/, /gcloud auth login/);
  });

  test('an API that cannot be reached', async () => {
    await using nobody = await refusingAddress();
    const run = await runScript('canary-rollout', ['status'], {
      env: { PROJECT: 'p', CLOUD_RUN_EMULATOR_HOST: nobody.host },
    });
    assertOneClearError(run, /could not be reached \(ECONNREFUSED/, /Check the network/);
  });

  test('an image whose revision never becomes ready', async () => {
    const image = `${IMAGES}:bad`;
    await using cloud = await cloudWith({ images: { [image]: 'never-ready' } });
    const before = serving(cloud);
    const run = await runScript('canary-rollout', ['deploy-no-traffic', image], {
      env: cloudEnv(cloud),
    });
    assertOneClearError(run, /did not become ready: HEALTH_CHECK_CONTAINER_ERROR/, /no rollback is needed/);
    assert.deepEqual(serving(cloud), before);
  });

  test('a message with escape sequences and line breaks is shown without them', async () => {
    await using cloud = await cloudWith();
    cloud.on({
      match: { method: 'GET', path: /./ },
      fault: {
        kind: 'error',
        httpStatus: 400,
        status: 'INVALID_ARGUMENT',
        message: 'one\n\u001b[2Jtwo\u0007',
      },
    });
    const run = await runScript('canary-rollout', ['status'], { env: cloudEnv(cloud) });
    assert.match(run.stderr, /^error: reading service control: one two$/m);
    assert.equal(run.exitCode, 1);
  });
});

describe('bad settings are refused before anything is looked at', () => {
  for (const [name, value] of [
    ['DRY_RUN', 'true'],
    ['SERVICE', '-x'],
    ['SERVICE', 'a/../b'],
    ['REGION', 'us central'],
    ['PROJECT', '../p'],
  ] as const) {
    test(`${name}=${value}`, async () => {
      await using cloud = await cloudWith();
      const run = await runScript('canary-rollout', ['status'], {
        env: { ...cloudEnv(cloud), [name]: value },
      });
      assert.match(run.stderr, new RegExp(`^error: ${name} is "`));
      assert.equal(run.exitCode, 1);
      assert.equal(run.stdout, '');
      assert.equal(cloud.requests.length, 0);
    });
  }
});

test('a dry run needs no credentials and touches no network', async () => {
  await using cloud = await cloudWith();
  const calls = [
    ['status'],
    ['deploy-no-traffic', `${IMAGES}:two`],
    ['set-traffic', 'a', 'b', '5'],
    ['rollback', 'a'],
  ];
  for (const call of calls) {
    const run = await runScript('canary-rollout', call, { env: { ...cloudEnv(cloud), DRY_RUN: '1' } });
    assert.equal(run.exitCode, 0);
    assert.match(run.stdout, /^\+ gcloud run [^\n]+\n$/);
    assert.equal(run.stderr, '');
  }
  assert.equal(cloud.requests.length, 0);
});

test('nothing but the announcement is on stdout, so that callers can parse it; progress is on stderr', async () => {
  await using cloud = await cloudWith();
  const [first = ''] = revisionNames(cloud);
  const run = await runScript('canary-rollout', ['rollback', first], { env: cloudEnv(cloud) });
  assert.equal(run.exitCode, 0);
  assert.match(run.stdout, /^\+ gcloud run services update-traffic control [^\n]+\n$/);
  assert.match(run.stderr, new RegExp(`traffic of control is now ${first.replace('control-', '')}=100`));
  // It was LATEST's until now.
  const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION';
  assert.deepEqual(cloud.service(SERVICE).traffic, [{ type, revision: first, percent: 100 }]);
});
