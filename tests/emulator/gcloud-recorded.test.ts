import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runCommand } from '@deploy/cli';
import { deployNoTraffic, loadMaintenance, openServiceApi } from '@deploy/cloudrun';
import type { Emulator } from '@deploy/emulator';
import { differences } from '../support/differences.ts';
import { gcloudEnv } from '../support/gcloud.ts';
import { adopt, BYPASS_SECRET, recordedCases, WINDOW } from '../support/recorded-cases.ts';
import { PROJECT } from '../support/staging.ts';

const REGION = 'us-central1';
const NEW = 'us-central1-docker.pkg.dev/openagentsgemini/somebody/new-image:two';
const { exitCode: gcloudMissing } = await runCommand(['gcloud', '--version']);

describe('a recorded service, beside real gcloud', {
  concurrency: 4,
  skip: gcloudMissing === 0 ? false : 'there is no gcloud on this machine',
}, () => {
  for (const { title, service } of recordedCases) {
    test(`${title}: a deployment and a window leave what gcloud leaves`, async (t) => {
      await using ours = await adopt(service);
      await using theirs = await adopt(service);
      const { name } = service.metadata;
      const location = { project: PROJECT, region: REGION, service: name };
      const openApi = () =>
        openServiceApi({ emulatorHost: ours.host, identity: { kind: 'none' }, env: {} }, location);
      const { enableMaintenance } = await loadMaintenance();
      const config = mkdtempSync(join(tmpdir(), 'gcloud-'));
      t.after(() => rmSync(config, { recursive: true }));
      const gcloud = async (...args: string[]): Promise<void> => {
        const run = await runCommand(['gcloud', 'run', ...args, '--project', PROJECT, '--region', REGION], {
          env: { PATH: process.env.PATH ?? '', ...gcloudEnv(theirs, config) },
        });
        assert.equal(run.exitCode, 0, run.stderr);
      };
      /** gcloud signs what it writes, and so does the API for it; the marks are random. */
      const differing = (): string[] =>
        differences(ours.service(name).template, theirs.service(name).template).filter(
          (path) => !/nonce$|client(?:Version)?$/.test(path),
        );

      await deployNoTraffic(openApi, location, NEW).perform();
      await gcloud('deploy', name, '--image', NEW, '--no-traffic');
      assert.deepEqual(differing(), []);
      const pinned = (cloud: Emulator) =>
        cloud.service(name).traffic.map(({ revision, percent }) => `${revision}=${percent}`);
      assert.deepEqual(pinned(ours), pinned(theirs));

      // Pinned by now. gcloud makes a revision from the newest template, which then serves nobody; ours serves as well.
      await enableMaintenance(openApi, location, WINDOW, { rotated: false, moveTraffic: true }).perform();
      await gcloud(
        'services',
        'update',
        name,
        '--update-env-vars',
        '^:^OA_MAINTENANCE_MODE_ENABLED=true:OA_MAINTENANCE_BYPASS_COOKIE_NAME=cookie:OA_MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS=900:OA_MAINTENANCE_ALLOWED_PATHS=/readyz',
        '--update-secrets',
        `OA_MAINTENANCE_BYPASS_TOKEN=${BYPASS_SECRET}:latest`,
      );
      assert.deepEqual(differing(), []);
    });
  }
});
