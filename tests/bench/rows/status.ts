import { cloudEnv, cloudWith, SERVICE } from '../../support/cloud.ts';
import { withGcloud } from '../gcloud.ts';
import { compareEach, processOf } from '../measure.ts';
import { asRatio, type Row, together } from '../row.ts';
import { nodeScript, script } from '../scripts.ts';

/** The command that `status` takes the place of. */
export const DESCRIBE = [
  ...['run', 'services', 'describe', SERVICE, '--format'],
  'yaml(status.traffic,status.latestReadyRevisionName,status.latestCreatedRevisionName)',
] as const;

const TSX_AT_MOST = 0.5;
const NODE_AT_MOST = 0.35;

const measure = together(async (pairs) => {
  await using cloud = await cloudWith();
  return await withGcloud(cloud, ['status', 'status-node'], async (gcloud) => {
    const call = ['canary-rollout', ['status'], cloudEnv(cloud)] as const;
    const compared = await compareEach(
      {
        status: { time: processOf(script(...call)), atMost: TSX_AT_MOST },
        'status-node': { time: processOf(nodeScript(...call)), atMost: NODE_AT_MOST },
      },
      processOf(gcloud(...DESCRIBE)),
      pairs,
    );
    return { status: asRatio(compared.status), 'status-node': asRatio(compared['status-node']) };
  });
});

export const statusRows: Row[] = [
  {
    id: 'status',
    what: '`canary-rollout.ts status` under tsx, whole process, against `gcloud run services describe` on the same emulator',
    target: `at most ${TSX_AT_MOST}x`,
    measure: measure('status'),
  },
  {
    id: 'status-node',
    what: '`canary-rollout.ts status` with node, whole process, against `gcloud run services describe` on the same emulator',
    target: `at most ${NODE_AT_MOST}x`,
    measure: measure('status-node'),
  },
];
