import { timeProcess } from '../measure.ts';
import type { Row } from '../row.ts';
import { script } from '../scripts.ts';

const AT_MOST_S = 90;

export const rehearsal: Row = {
  id: 'rehearsal',
  what: 'the whole rehearsal, five promotions included (one run)',
  target: `under ${AT_MOST_S} s`,
  onlyWhenNamed: true,
  async measure() {
    const seconds = (await timeProcess(script('rehearse', [], {}))) / 1000;
    const value = `${seconds.toFixed(0)} s`;
    return { skipped: false, ours: value, theirs: '', value, used: seconds / AT_MOST_S };
  },
};
