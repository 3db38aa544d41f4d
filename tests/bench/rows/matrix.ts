import { runSlowLanes } from '../../support/matrix-lanes.ts';
import { asRatio, type Row } from '../row.ts';

const AT_MOST = 1.15;

export const matrix: Row = {
  id: 'matrix',
  what: '`validate-rust-cutover.ts` with slow lanes, against the slowest of them (one run)',
  target: `at most ${AT_MOST}x`,
  async measure() {
    const { durationMs, lanes } = await runSlowLanes();
    const slowest = Math.max(...Object.values(lanes));
    return asRatio({
      oursMs: durationMs,
      theirsMs: slowest,
      ratio: durationMs / slowest,
      atMost: AT_MOST,
      spread: 0,
    });
  },
};
