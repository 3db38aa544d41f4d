import type { RootContent } from 'mdast';
import type { ReportRecord, StepEntry } from '../../record/schema.ts';
import { heading, paragraph, table } from '../markdown.ts';
import { duration, leftOut, moment } from '../words.ts';

export function stepsSection({ steps, dropped }: ReportRecord): RootContent[] {
  return [
    heading(2, 'Steps'),
    steps.length === 0
      ? paragraph('None so far.')
      : table(
          ['Step', 'State', 'Begun', 'Took', 'Detail'],
          steps.map((step) => [
            step.name,
            step.state,
            moment(step.startedAt),
            duration(tookMs(step)),
            step.detail ?? '',
          ]),
        ),
    ...leftOut(dropped?.steps, 'steps'),
  ];
}

function tookMs({ startedAt, endedAt, durationMs }: StepEntry): number | undefined {
  // Reports of earlier versions have the times only.
  if (durationMs !== undefined) return durationMs;
  return endedAt === undefined ? undefined : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
}
