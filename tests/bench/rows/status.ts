import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '@deploy/cli';
import { cloudEnv, cloudWith, PROJECT, SERVICE } from '../../support/cloud.ts';
import { gcloudEnv } from '../../support/gcloud.ts';
import { compare } from '../measure.ts';
import { asRatio, type Row } from '../row.ts';
import { script } from '../scripts.ts';

const AT_MOST = 0.35;

export const status: Row = {
  id: 'status',
  what: '`canary-rollout.ts status`, whole process, against `gcloud run services describe` on the same emulator',
  target: `at most ${AT_MOST}x`,
  async measure(pairs) {
    const gcloud = await runCommand(['gcloud', '--version']);
    if (gcloud.exitCode !== 0) return { skipped: true, why: 'there is no gcloud on the PATH' };
    await using cloud = await cloudWith();
    const config = await mkdtemp(join(tmpdir(), 'bench-gcloud-'));
    try {
      const theirs = {
        run: [
          'gcloud',
          ...['run', 'services', 'describe', SERVICE, '--project', PROJECT, '--region', 'us-central1'],
          ...[
            '--format',
            'yaml(status.traffic,status.latestReadyRevisionName,status.latestCreatedRevisionName)',
          ],
        ] as const,
        env: gcloudEnv(cloud, config),
      };
      return asRatio(
        await compare(script('canary-rollout', ['status'], cloudEnv(cloud)), theirs, pairs),
        AT_MOST,
      );
    } finally {
      await rm(config, { recursive: true });
    }
  },
};
