import type { RootContent } from 'mdast';
import type { ReportRecord, StepEntry } from '../../record/schema.ts';
import { percentsOf } from '../../record/split.ts';
import { folded, heading, paragraph, table } from '../markdown.ts';
import { counted, duration, leftOut, moment } from '../words.ts';

/** The steps, folded if the last run of each step is `done`. */
export function stepsSection({ steps, dropped }: ReportRecord): RootContent[] {
  const title = heading(2, 'Steps');
  if (steps.length === 0) return [title, paragraph('None so far.')];
  const blocks = [
    title,
    table(
      ['Step', 'State', 'Begun', 'Took', 'Detail'],
      steps.map((step, index) => [
        step.name,
        stateInWords(step, index === steps.length - 1),
        moment(step.startedAt),
        duration(tookMs(step)),
        step.detail ?? '',
      ]),
    ),
    ...leftOut(dropped?.steps, 'steps'),
  ];
  const last = new Map(steps.map(({ name, state }) => [name, state]));
  const isOpen = [...last.values()].some((state) => state !== 'done');
  const undone = steps.filter(({ state }) => state !== 'done').length;
  const summary = `Steps: ${counted(steps.length, 'step')}, ${undone === 0 ? 'all done' : `${undone} not done`}`;
  return folded(summary, blocks, { isOpen });
}

/** A step that has not ended was interrupted, unless it is the last one, which may still be running. */
function stateInWords({ state, asked, interrupted, refused }: StepEntry, isLast: boolean): string {
  const goal = asked === undefined ? '' : `; asked for ${percentsOf(asked)}`;
  if (interrupted === true) return `interrupted${goal}`;
  if (refused === true) return `${state}, nothing was changed`;
  if (state !== 'started') return state;
  return `${isLast ? 'interrupted, or still running' : 'interrupted'}${goal}`;
}

function tookMs({ startedAt, endedAt, durationMs }: StepEntry): number | undefined {
  // Steps in reports of earlier versions have no duration, only the times of their start and end.
  if (durationMs !== undefined) return durationMs;
  return endedAt === undefined ? undefined : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
}
