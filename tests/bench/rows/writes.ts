import type { Emulator } from '@deploy/emulator';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE } from '../../support/cloud.ts';
import { type Gcloud, withGcloud } from '../gcloud.ts';
import { type Command, compareTimes, timeProcess } from '../measure.ts';
import { asRatio, type Row } from '../row.ts';
import { script } from '../scripts.ts';

const SETTLE_MS = 1500;
const AT_MOST = 0.6;

export const writeRows: Row[] = [
  writeRow('set-traffic', 'gcloud run services update-traffic', (cloud, gcloud) => {
    const [one = '', two = ''] = revisionNames(cloud);
    const split = (percent: number): string => `${one}=${100 - percent},${two}=${percent}`;
    return {
      ours: () => canaryRollout(cloud, 'set-traffic', one, two, '5'),
      theirs: () => gcloud('run', 'services', 'update-traffic', SERVICE, '--to-revisions', split(10)),
    };
  }),
  writeRow('rollback', 'gcloud run services update-traffic', (cloud, gcloud) => {
    const [one = '', two = ''] = revisionNames(cloud);
    return {
      ours: () => canaryRollout(cloud, 'rollback', one),
      theirs: () =>
        gcloud('run', 'services', 'update-traffic', SERVICE, '--to-revisions', `${one}=0,${two}=100`),
    };
  }),
  writeRow('deploy-no-traffic', 'gcloud run deploy --no-traffic', (cloud, gcloud) => ({
    ours: () => canaryRollout(cloud, 'deploy-no-traffic', `${IMAGES}:two`),
    theirs: () => gcloud('run', 'deploy', SERVICE, '--image', `${IMAGES}:three`, '--no-traffic'),
  })),
];

function canaryRollout(cloud: Emulator, ...args: string[]): Command {
  return script('canary-rollout', args, { ...cloudEnv(cloud), EVIDENCE_REPORT: 'none' });
}

function writeRow(
  action: string,
  theirName: string,
  commands: (cloud: Emulator, gcloud: Gcloud) => { ours: () => Command; theirs: () => Command },
): Row {
  return {
    id: action,
    what: `\`canary-rollout.ts ${action}\` beside the platform's own ${SETTLE_MS / 1000} s, against \`${theirName}\` beside them`,
    target: `at most ${AT_MOST}x`,
    async measure(pairs) {
      await using cloud = await cloudWith({
        reconcileMs: SETTLE_MS,
        services: [
          {
            name: SERVICE,
            image: `${IMAGES}:one`,
            laterImages: [`${IMAGES}:two`],
            traffic: [{ revision: 1, percent: 100 }],
          },
        ],
      });
      return await withGcloud(cloud, async (gcloud) => {
        const { ours, theirs } = commands(cloud, gcloud);
        // What the platform takes is the same for both.
        const beside = async (command: Command): Promise<number> => (await timeProcess(command)) - SETTLE_MS;
        return asRatio(
          await compareTimes(
            () => beside(ours()),
            () => beside(theirs()),
            pairs,
          ),
          AT_MOST,
        );
      });
    },
  };
}
