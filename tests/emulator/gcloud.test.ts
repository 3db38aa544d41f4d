import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCommand } from '@deploy/cli';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { type Gcloud, startGcloud, withoutGcloud } from '../support/gcloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { ask, entriesOnce, REQUESTS } from '../support/observed.ts';

describe('gcloud itself, on the emulator', { skip: withoutGcloud }, () => {
  let gcloud: Gcloud;
  before(async () => {
    gcloud = await startGcloud(
      ...['run deploy', 'run services describe', 'run services update-traffic', 'run revisions delete'],
      ...['secrets versions describe', 'logging read', 'run services logs read'],
    );
  });
  after(() => gcloud[Symbol.asyncDispose]());

  test('deploys, splits and describes, and prints the YAML that we print', async () => {
    await using cloud = await cloudWith({
      services: [
        {
          name: SERVICE,
          image: `${IMAGES}:one`,
          traffic: [{ percent: 100 }, { revision: 1, percent: 0, tag: 'blue' }],
        },
      ],
    });
    const run = (...args: string[]) => gcloud(cloud, 'run', ...args, '--region', 'us-central1');
    const sameStatus = async (): Promise<void> => {
      const format = 'yaml(status.traffic,status.latestCreatedRevisionName,status.latestReadyRevisionName)';
      const theirs = await run('services', 'describe', SERVICE, '--format', format);
      const ours = await runScript('canary-rollout', ['status'], { env: cloudEnv(cloud) });
      assert.equal(ours.stdout.split('\n').slice(1).join('\n'), theirs);
    };
    await sameStatus();

    await run('deploy', SERVICE, '--image', `${IMAGES}:two`, '--no-traffic');
    const [one = '', two = ''] = revisionNames(cloud);
    assert.deepEqual(serving(cloud), [`${one}=100`, `${one}=0(blue)`]);

    await run('services', 'update-traffic', SERVICE, '--to-revisions', `${one}=95,${two}=5`);
    assert.deepEqual(serving(cloud), [`${one}=95`, `${two}=5`, `${one}=0(blue)`]);
    await sameStatus();
  });

  test('lists the services, by the command that is shown for a misspelt SERVICE', async () => {
    await using cloud = await cloudWith();
    const misspelt = await runScript('canary-rollout', ['status'], {
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

  test('deletes a revision, and is refused one that has traffic', async () => {
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
    const [one = '', two = '', three = ''] = revisionNames(cloud);
    const remove = (name: string) =>
      gcloud(cloud, 'run', 'revisions', 'delete', name, '--region', 'us-central1');
    await assert.rejects(remove(one), /is in use and cannot be deleted/);
    await remove(two);
    assert.deepEqual(revisionNames(cloud), [one, three]);
  });

  test('prints the maintenance status that we print, whatever the variables hold', async () => {
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
    for (const service of [SERVICE, 'bare']) {
      const format =
        'yaml(status.latestReadyRevisionName,status.traffic,spec.template.spec.containers[0].env)';
      const theirs = await gcloud(
        cloud,
        ...['run', 'services', 'describe', service, '--region', 'us-central1', '--format', format],
      );
      const ours = await runScript('maintenance-mode', ['status'], {
        env: { ...cloudEnv(cloud), SERVICE: service },
      });
      assert.equal(ours.stdout.split('\n').slice(1).join('\n'), theirs);
    }
  });

  test('adds a secret version, lists it and reads it back: checksums are as Secret Manager makes them', async () => {
    await using cloud = await cloudWith();
    await using folder = await mkdtempDisposable(join(tmpdir(), 'secret-'));
    const file = join(folder.path, 'token');
    await writeFile(file, 'a-token-of-some-length');
    await gcloud(cloud, 'secrets', 'create', 'bypass', '--replication-policy=automatic');
    await gcloud(cloud, 'secrets', 'versions', 'add', 'bypass', `--data-file=${file}`);
    const [state, listed, value] = await Promise.all([
      gcloud(cloud, 'secrets', 'versions', 'describe', 'latest', '--secret', 'bypass'),
      gcloud(cloud, 'secrets', 'versions', 'list', 'bypass', '--format=value(name)'),
      gcloud(cloud, 'secrets', 'versions', 'access', 'latest', '--secret=bypass'),
    ]);
    assert.match(state, /state: ENABLED/i);
    assert.equal(listed, '1\n');
    assert.equal(value, 'a-token-of-some-length');
  });

  test('reads the request log, with `logging read` and `run services logs read`', async () => {
    await using cloud = await cloudWith({
      logs: { delayMs: 0, readsPerMinute: 10_000 },
      services: [{ name: SERVICE, image: `${IMAGES}:one`, env: { OA_AUTH_PROVIDER_MODE: 'mock' } }],
    });
    const { uri } = cloud.service(SERVICE);
    await ask(uri, 2, '/login');
    await ask(uri, 1, '/api/none');
    await entriesOnce(cloud, REQUESTS, 3);

    const found = await gcloud(
      cloud,
      'logging',
      'read',
      `resource.type="cloud_run_revision" AND resource.labels.service_name="${SERVICE}" AND ${REQUESTS} AND httpRequest.status=404`,
      '--limit=5',
      '--format=json',
    );
    const [entry, ...more] = JSON.parse(found) as { httpRequest: { requestUrl: string } }[];
    assert.equal(entry?.httpRequest.requestUrl, `${uri}/api/none`);
    assert.deepEqual(more, []);

    // gcloud 578 itself fails on an entry with a jsonPayload (api_lib/logging/formatter.py joins its textPayload,
    // None), so for this service it reads the request log or nothing, on the real platform too.
    const lines = await gcloud(
      cloud,
      'run',
      'services',
      'logs',
      'read',
      SERVICE,
      '--region=us-central1',
      '--log-filter=log_id("run.googleapis.com/requests")',
    );
    assert.match(lines, /GET 404 .*\/api\/none/);
    assert.equal(lines.match(/GET 200 .*\/login/g)?.length, 2);
  });
});
