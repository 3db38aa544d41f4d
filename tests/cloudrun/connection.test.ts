import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runCommand, UserError } from '@deploy/cli';
import { connectTo, gcloudCommands } from '@deploy/cloudrun';
import { lookCommand } from '@deploy/cloudrun/gcloud';
import { LOCATION } from '../support/cloud.ts';
import { runScriptProcess } from '../support/run-script.ts';

const connect = (emulatorHost: string) =>
  connectTo({ emulatorHost, accessToken: undefined, credentialsFile: undefined }, {});

describe('CLOUD_RUN_EMULATOR_HOST', () => {
  for (const host of ['127.0.0.1:8080', 'localhost:1', '[::1]:8080', 'emulator.example.com:443']) {
    test(`${host} is taken`, () => assert.equal(connect(host).emulatorHost, host));
  }
  for (const [host, instead] of [
    ['http://127.0.0.1:8080', '127.0.0.1:8080'],
    ['https://localhost:8080/', 'localhost:8080'],
    ['127.0.0.1', '127.0.0.1:8080'],
    ['127.0.0.1:99999', '127.0.0.1:8080'],
    ['a b:80', '127.0.0.1:8080'],
    ['user@host:80', '127.0.0.1:8080'],
    ['127.0.0.1:80/path', '127.0.0.1:80'],
  ] as const) {
    test(`${host} is refused, with one that could be meant`, () => {
      assert.throws(
        () => connect(host),
        (error: UserError) =>
          error instanceof UserError &&
          error.message.startsWith(`CLOUD_RUN_EMULATOR_HOST is "${host}"`) &&
          error.hint === `For instance: CLOUD_RUN_EMULATOR_HOST=${instead}`,
      );
    });
  }

  test('a script refuses it in one line, before anything is asked', async () => {
    const env = { CLOUD_RUN_EMULATOR_HOST: 'http://127.0.0.1:1', PROJECT: LOCATION.project };
    const run = await runScriptProcess('canary-rollout', ['status'], { env });
    assert.equal(run.exitCode, 1);
    assert.match(
      run.stderr,
      /^error: CLOUD_RUN_EMULATOR_HOST is "http:\/\/127\.0\.0\.1:1", but must be a host/,
    );
    assert.equal(run.stdout, '');
  });
});

test('the command that hints name can be pasted into a shell', async () => {
  const paste = async (command: string) =>
    runCommand(['sh', '-c', `gcloud() { printf '%s\\n' "$@"; }\n${command}`]);
  const pasted = await paste(lookCommand(LOCATION));
  assert.deepEqual([pasted.exitCode, pasted.stderr], [0, '']);
  assert.equal(
    `gcloud ${pasted.stdout.trimEnd().replaceAll('\n', ' ')}`,
    gcloudCommands.canaryStatus(LOCATION),
  );
  assert.notEqual((await paste(gcloudCommands.canaryStatus(LOCATION))).exitCode, 0, 'it needs the quotes');
});
