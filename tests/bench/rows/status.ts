import { cloudEnv, cloudWith, SERVICE } from '../../support/cloud.ts';
import { withGcloud } from '../gcloud.ts';
import { type Command, compare } from '../measure.ts';
import { asRatio, type Row } from '../row.ts';
import { nodeScript, script } from '../scripts.ts';

/** The command that `status` takes the place of. */
export const DESCRIBE = [
  ...['run', 'services', 'describe', SERVICE, '--format'],
  'yaml(status.traffic,status.latestReadyRevisionName,status.latestCreatedRevisionName)',
] as const;

export const statusRows: Row[] = [
  statusRow('status', 'under tsx', script, 0.5),
  statusRow('status-node', 'with node', nodeScript, 0.35),
];

function statusRow(
  id: string,
  how: string,
  start: (name: string, args: readonly string[], env: Record<string, string>) => Command,
  atMost: number,
): Row {
  return {
    id,
    what: `\`canary-rollout.ts status\` ${how}, whole process, against \`gcloud run services describe\` on the same emulator`,
    target: `at most ${atMost}x`,
    async measure(pairs) {
      await using cloud = await cloudWith();
      return await withGcloud(cloud, async (gcloud) => {
        const ours = start('canary-rollout', ['status'], cloudEnv(cloud));
        return asRatio(await compare(ours, gcloud(...DESCRIBE), pairs), atMost);
      });
    },
  };
}
