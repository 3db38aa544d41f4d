import type { PromotionEvent } from '@deploy/canary';
import { cleanText, type Output, redact } from '@deploy/cli';
import { type ServiceLocation, serviceCommand } from '@deploy/cloudrun';
import { eventLine, pollLine } from './promote-lines.ts';
import { addLatencies, promotionTable, type StepLatencies } from './promote-table.ts';

/** Shows a promotion to whoever is watching. */
export type Display = {
  show(event: PromotionEvent): void;
  note(line: string): void;
  /** Clears the table until the next event, so that something else can be printed. */
  rest(): void;
};

/**
 * Decisions go to stdout, everything else to stderr: on a terminal as one table that is redrawn in place, elsewhere as
 * at most one line per poll.
 */
export function openDisplay(out: Output, location: ServiceLocation): Display {
  const { stderr } = process;
  const table = stderr.isTTY ? redrawnOn(stderr) : undefined;
  let last = '';
  let latencies: StepLatencies | undefined;
  out.note('To stop: Ctrl-C; the split stays, and the same command goes on from there.');
  return {
    show(event) {
      if (event.kind === 'minuteObserved') latencies = addLatencies(latencies, event.minute);
      if (event.kind === 'polled' && table !== undefined) {
        table.draw(promotionTable(event.poll, latencies, stderr));
        return;
      }
      const line = event.kind === 'polled' ? pollLine(event.poll) : eventLine(event);
      if (line === undefined || line === last) return;
      last = line;
      table?.leave();
      if (event.kind === 'stepBegun' || event.kind === 'stepJudged' || event.kind === 'trafficReturned')
        out.data(`[promote] ${line}`);
      else out.note(line);
      if (event.kind === 'promotionBegun') out.note(howToGoBack(location, event.stable));
    },
    note: (line) => {
      table?.leave();
      out.note(line);
    },
    rest: () => table?.leave(),
  };
}

function howToGoBack(location: ServiceLocation, stable: string): string {
  return `To go back, at any time and from anywhere:\n  ${serviceCommand(location, 'canary-rollout', ['rollback', stable])}`;
}

/** A block of lines that is redrawn in place on a terminal. `leave` wipes it, so that something else can be printed. */
function redrawnOn(stream: NodeJS.WriteStream) {
  let height = 0;
  // Begins with `\r`, because after a Ctrl-C the terminal shows ^C and the cursor stands behind it.
  const wipe = (): string => (height === 0 ? '' : `\r\u001b[${height}A\u001b[0J`);
  return {
    draw(lines: readonly string[]): void {
      const text = lines.map((line) => (line.includes('\u001b') ? line : redact(cleanText(line)))).join('\n');
      stream.write(`${wipe()}${text}\n`);
      height = lines.length;
    },
    leave(): void {
      if (height > 0) stream.write(wipe());
      height = 0;
    },
  };
}
