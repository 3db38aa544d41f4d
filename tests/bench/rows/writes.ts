import type { Emulator } from '@deploy/emulator';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE } from '../../support/cloud.ts';
import { type Gcloud, withGcloud } from '../gcloud.ts';
import { type Command, type Contender, compareEach, timeProcess } from '../measure.ts';
import { asRatio, type Measured, type Row, together } from '../row.ts';
import { script } from '../scripts.ts';

const SETTLE_MS = 1500;
const AT_MOST = 0.6;

/** Commands of ours that do the same as one of gcloud's. */
type Writes<Id extends string> = {
  ours: Record<Id, () => Command>;
  theirs: () => Command;
};

const shift = measureWrites(['set-traffic', 'rollback'], (cloud, gcloud) => {
  const [one = '', two = ''] = revisionNames(cloud);
  return {
    ours: {
      'set-traffic': () => canaryRollout(cloud, 'set-traffic', one, two, '5'),
      rollback: () => canaryRollout(cloud, 'rollback', one),
    },
    theirs: () =>
      gcloud('run', 'services', 'update-traffic', SERVICE, '--to-revisions', `${one}=90,${two}=10`),
  };
});

const deploy = measureWrites(['deploy-no-traffic'], (cloud, gcloud) => ({
  ours: { 'deploy-no-traffic': () => canaryRollout(cloud, 'deploy-no-traffic', `${IMAGES}:two`) },
  theirs: () => gcloud('run', 'deploy', SERVICE, '--image', `${IMAGES}:three`, '--no-traffic'),
}));

export const writeRows: Row[] = [
  writeRow('set-traffic', 'gcloud run services update-traffic', shift('set-traffic')),
  writeRow('rollback', 'gcloud run services update-traffic', shift('rollback')),
  writeRow('deploy-no-traffic', 'gcloud run deploy --no-traffic', deploy('deploy-no-traffic')),
];

function writeRow(action: string, theirName: string, measure: Row['measure']): Row {
  return {
    id: action,
    what: `\`canary-rollout.ts ${action}\` beside the platform's own ${SETTLE_MS / 1000} s, against \`${theirName}\` beside them`,
    target: `at most ${AT_MOST}x`,
    measure,
  };
}

function canaryRollout(cloud: Emulator, ...args: string[]): Command {
  return script('canary-rollout', args, { ...cloudEnv(cloud), EVIDENCE_REPORT: 'none' });
}

function measureWrites<Id extends string>(
  ids: readonly Id[],
  writesOf: (cloud: Emulator, gcloud: Gcloud) => Writes<Id>,
): (id: Id) => Row['measure'] {
  return together(async (pairs) => {
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
    return await withGcloud(cloud, ids, async (gcloud) => {
      const { ours, theirs } = writesOf(cloud, gcloud);
      // What the platform takes is the same for both.
      const beside = async (command: Command): Promise<number> => (await timeProcess(command)) - SETTLE_MS;
      const contender = (command: () => Command): Contender => ({
        time: () => beside(command()),
        atMost: AT_MOST,
      });
      const compared = await compareEach(
        mapValues(ids, (id) => contender(ours[id])),
        () => beside(theirs()),
        pairs,
      );
      return mapValues(ids, (id): Measured => asRatio(compared[id]));
    });
  });
}

function mapValues<Id extends string, T>(ids: readonly Id[], make: (id: Id) => T): Record<Id, T> {
  return Object.fromEntries(ids.map((id) => [id, make(id)])) as Record<Id, T>;
}
