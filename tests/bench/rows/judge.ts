import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '@deploy/cli';
import type { Row } from '../row.ts';

const AT_LEAST = 5000;

export const judge: Row = {
  id: 'judge',
  what: 'verdicts of `judge --file` in a second of processor time: 10 minutes with every signal',
  target: `at least ${AT_LEAST}`,
  async measure() {
    const test = join(projectRoot, 'tests/canary/throughput.timing.ts');
    const run = promisify(execFile)(process.execPath, ['--import', import.meta.resolve('tsx'), test], {
      cwd: projectRoot,
    });
    const [, rates = ''] = /verdicts a second: ([\d, ]+)/.exec((await run).stdout) ?? [];
    const best = Math.max(...rates.split(', ').map(Number));
    return { skipped: false, ours: rates, theirs: '', value: String(best), used: AT_LEAST / best };
  },
};
