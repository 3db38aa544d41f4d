import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '@deploy/cli';
import { cloudEnv, cloudWith, IMAGES, PROJECT, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { gcloudEnv } from '../support/gcloud.ts';
import { runScriptProcess } from '../support/run-script.ts';

const { exitCode: gcloudMissing } = await runCommand(['gcloud', '--version']);

test('gcloud itself deploys, splits and describes against the emulator, and prints the YAML that we print', {
  skip: gcloudMissing === 0 ? false : 'there is no gcloud on this machine',
}, async (t) => {
  await using cloud = await cloudWith({
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:one`,
        traffic: [{ percent: 100 }, { revision: 1, percent: 0, tag: 'blue' }],
      },
    ],
  });
  const config = mkdtempSync(join(tmpdir(), 'gcloud-'));
  t.after(() => rmSync(config, { recursive: true }));
  const env = { PATH: process.env.PATH ?? '', ...gcloudEnv(cloud, config) };
  const gcloud = async (...args: string[]): Promise<string> => {
    const run = await runCommand(
      ['gcloud', 'run', ...args, '--project', PROJECT, '--region', 'us-central1'],
      { env },
    );
    assert.equal(run.exitCode, 0, run.stderr);
    return run.stdout;
  };
  const sameStatus = async (): Promise<void> => {
    const format = 'yaml(status.traffic,status.latestCreatedRevisionName,status.latestReadyRevisionName)';
    const theirs = await gcloud('services', 'describe', SERVICE, '--format', format);
    const ours = await runScriptProcess('canary-rollout', ['status'], { env: cloudEnv(cloud) });
    assert.equal(ours.stdout.split('\n').slice(1).join('\n'), theirs);
  };
  await sameStatus();

  await gcloud('deploy', SERVICE, '--image', `${IMAGES}:two`, '--no-traffic');
  const [one = '', two = ''] = revisionNames(cloud);
  assert.deepEqual(serving(cloud), [`${one}=100`, `${one}=0(blue)`]);

  await gcloud('services', 'update-traffic', SERVICE, '--to-revisions', `${one}=95,${two}=5`);
  assert.deepEqual(serving(cloud), [`${one}=95`, `${two}=5`, `${one}=0(blue)`]);
  await sameStatus();
});
