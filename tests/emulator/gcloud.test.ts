import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runCommand } from '@deploy/cli';
import type { Emulator } from '@deploy/emulator';
import { cloudEnv, cloudWith, IMAGES, PROJECT, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { gcloudEnv } from '../support/gcloud.ts';
import { runScriptProcess } from '../support/run-script.ts';

const { exitCode: gcloudMissing } = await runCommand(['gcloud', '--version']);
const skip = gcloudMissing === 0 ? false : 'there is no gcloud on this machine';

test('gcloud itself deploys, splits and describes against the emulator, and prints the YAML that we print', {
  skip,
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
  const onCloud = gcloudOn(t, cloud);
  const gcloud = (...args: string[]) => onCloud('run', ...args, '--region', 'us-central1');
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

test('the command that is shown for a misspelt SERVICE lists the services of the local Cloud Run, by gcloud itself', {
  skip,
}, async () => {
  await using cloud = await cloudWith();
  const misspelt = await runScriptProcess('canary-rollout', ['status'], {
    env: { ...cloudEnv(cloud), SERVICE: 'contrl' },
  });
  assert.equal(misspelt.exitCode, 1);
  const [command = ''] = misspelt.stderr.split('\n').filter((line) => line.startsWith('  '));
  await using home = await mkdtempDisposable(join(tmpdir(), 'gcloud-'));
  const env = { PATH: process.env.PATH ?? '', HOME: home.path, CLOUDSDK_CONFIG: home.path };
  const listed = await runCommand(['sh', '-c', command], { env });
  assert.equal(listed.exitCode, 0, listed.stderr);
  assert.match(listed.stdout, new RegExp(`^.* ${SERVICE} +us-central1 +http`, 'm'));
});

test('gcloud itself deletes a revision, and is refused one that has traffic', { skip }, async (t) => {
  await using cloud = await cloudWith({
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:one`,
        laterImages: [`${IMAGES}:two`, `${IMAGES}:three`],
        traffic: [{ revision: 1, percent: 100 }],
      },
    ],
  });
  const gcloud = gcloudOn(t, cloud);
  const [one = '', two = '', three = ''] = revisionNames(cloud);
  const remove = (name: string) => gcloud('run', 'revisions', 'delete', name, '--region', 'us-central1');
  await assert.rejects(remove(one), /is in use and cannot be deleted/);
  await remove(two);
  assert.deepEqual(revisionNames(cloud), [one, three]);
});

test('gcloud prints the maintenance status that we print, whatever the variables hold', {
  skip,
}, async (t) => {
  const env = {
    PLAIN: 'plain',
    DATE: '2026-02-19',
    NUMBER: '1_000',
    EQUALS: '=',
    SWITCH: 'on',
    COLON: 'a: b',
    QUOTES: `it's "so": yes`,
    LONG: `${'a word '.repeat(20)}and: an end`,
    LINES: 'one\n two\n',
    JSON: '{"a": [1, 2]}',
    KEY: { secret: 'key', version: 'latest' },
  };
  await using cloud = await cloudWith({
    secrets: { key: 'sesame' },
    services: [
      { name: SERVICE, image: `${IMAGES}:one`, env },
      { name: 'bare', image: `${IMAGES}:one` },
    ],
  });
  const gcloud = gcloudOn(t, cloud);
  for (const service of [SERVICE, 'bare']) {
    const format = 'yaml(status.latestReadyRevisionName,status.traffic,spec.template.spec.containers[0].env)';
    const theirs = await gcloud(
      ...['run', 'services', 'describe', service, '--region', 'us-central1', '--format', format],
    );
    const ours = await runScriptProcess('maintenance-mode', ['status'], {
      env: { ...cloudEnv(cloud), SERVICE: service },
    });
    assert.equal(ours.stdout.split('\n').slice(1).join('\n'), theirs);
  }
});

test('gcloud adds a secret version, lists it and reads it back: checksums are as Secret Manager makes them', {
  skip,
}, async (t) => {
  await using cloud = await cloudWith();
  const gcloud = gcloudOn(t, cloud);
  const folder = mkdtempSync(join(tmpdir(), 'secret-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  writeFileSync(file, 'a-token-of-some-length');
  await gcloud('secrets', 'create', 'bypass', '--replication-policy=automatic');
  await gcloud('secrets', 'versions', 'add', 'bypass', `--data-file=${file}`);
  const [state, listed, value] = await Promise.all([
    gcloud('secrets', 'versions', 'describe', 'latest', '--secret', 'bypass'),
    gcloud('secrets', 'versions', 'list', 'bypass', '--format=value(name)'),
    gcloud('secrets', 'versions', 'access', 'latest', '--secret=bypass'),
  ]);
  assert.match(state, /state: ENABLED/i);
  assert.equal(listed, '1\n');
  assert.equal(value, 'a-token-of-some-length');
});

/** gcloud on an emulator, with a configuration of its own. */
function gcloudOn(t: TestContext, cloud: Emulator): (...args: string[]) => Promise<string> {
  const config = mkdtempSync(join(tmpdir(), 'gcloud-'));
  t.after(() => rmSync(config, { recursive: true }));
  const env = { PATH: process.env.PATH ?? '', ...gcloudEnv(cloud, config) };
  return async (...args) => {
    const run = await runCommand(['gcloud', ...args, '--project', PROJECT], { env });
    assert.equal(run.exitCode, 0, run.stderr);
    return run.stdout;
  };
}
