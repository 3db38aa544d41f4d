import type { PromotionEvent } from '@deploy/canary';
import type { Output } from '@deploy/cli';
import { eventLine, pollLine } from './promote-lines.ts';

/** Shows a promotion to whoever watches. */
export type Display = {
  show(event: PromotionEvent): void;
  note(line: string): void;
  /** Leaves the terminal to somebody else until the next event. */
  rest(): void;
};

/** Decisions on stdout, everything else on stderr, a line for each look at the most. */
export async function openDisplay(out: Output): Promise<Display> {
  out.note('To stop: Ctrl-C; the split stays, and the same command goes on from there.');
  let last = '';
  return {
    show(event) {
      const line = event.kind === 'polled' ? pollLine(event.poll) : eventLine(event);
      if (line === undefined || line === last) return;
      last = line;
      if (event.kind === 'stepBegun' || event.kind === 'stepJudged' || event.kind === 'trafficReturned')
        out.data(`[promote] ${line}`);
      else out.note(line);
    },
    note: (line) => out.note(line),
    rest: () => {},
  };
}
