import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import { compare } from '../measure.ts';
import { asRatio, type Row } from '../row.ts';
import { script, tsx } from '../scripts.ts';

const AT_MOST = 1.6;

export const startUp: Row = {
  id: 'start-up',
  what: 'start-up: a dry run of `canary-rollout.ts set-traffic`, whole process, against `tsx` on an empty file',
  target: `at most ${AT_MOST}x`,
  async measure(pairs) {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    try {
      const empty = join(folder, 'empty.ts');
      await writeFile(empty, '');
      const ours = script('canary-rollout', ['set-traffic', 'control-00001-abc', 'control-00002-def', '5'], {
        DRY_RUN: '1',
        PROJECT: 'bench',
      });
      return asRatio(await compare(ours, { run: [tsx, empty], cwd: projectRoot }, pairs), AT_MOST);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};
