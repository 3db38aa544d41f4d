import { compare, processOf } from '../measure.ts';
import { asRatio, type Row } from '../row.ts';
import { emptyProgram, script } from '../scripts.ts';

const AT_MOST = 1.6;

export const startUp: Row = {
  id: 'start-up',
  what: 'start-up: a dry run of `canary-rollout.ts set-traffic`, whole process, against `tsx` of the registry on an empty file',
  target: `at most ${AT_MOST}x`,
  async measure(pairs) {
    await using empty = await emptyProgram();
    const ours = script('canary-rollout', ['set-traffic', 'control-00001-abc', 'control-00002-def', '5'], {
      DRY_RUN: '1',
      PROJECT: 'bench',
    });
    return asRatio(
      await compare({ time: processOf(ours), atMost: AT_MOST }, processOf(empty.command), pairs),
    );
  },
};
