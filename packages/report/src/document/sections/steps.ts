import type { RootContent } from 'mdast';
import type { ReportRecord, StepEntry } from '../../record/schema.ts';
import { describeSplit } from '../../record/split.ts';
import { heading, paragraph, table } from '../markdown.ts';
import { duration, leftOut, moment } from '../words.ts';

export function stepsSection({ steps, dropped }: ReportRecord): RootContent[] {
  return [
    heading(2, 'Steps'),
    steps.length === 0
      ? paragraph('None so far.')
      : table(
          ['Step', 'State', 'Begun', 'Took', 'Detail'],
          steps.map((step, index) => [
            step.name,
            stateInWords(step, index === steps.length - 1),
            moment(step.startedAt),
            duration(tookMs(step)),
            step.detail ?? (step.state === 'started' ? askedFor(step) : ''),
          ]),
        ),
    ...leftOut(dropped?.steps, 'steps'),
  ];
}

/** A step that has no end was interrupted, unless it is the last one and still runs. */
function stateInWords({ state }: StepEntry, isLast: boolean): string {
  if (state !== 'started') return state;
  return isLast ? 'interrupted, or still running' : 'interrupted';
}

function askedFor({ asked }: StepEntry): string {
  return asked === undefined ? '' : `asked for ${describeSplit(asked)}`;
}

function tookMs({ startedAt, endedAt, durationMs }: StepEntry): number | undefined {
  // Reports of earlier versions have the times only.
  if (durationMs !== undefined) return durationMs;
  return endedAt === undefined ? undefined : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
}
