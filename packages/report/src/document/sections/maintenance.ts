import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { describeSplit } from '../../record/split.ts';
import { code, heading, table } from '../markdown.ts';
import { leftOut, moment } from '../words.ts';

export function maintenanceSection({ maintenance, dropped }: ReportRecord): RootContent[] {
  if (maintenance.length === 0) return [];
  return [
    heading(2, 'Maintenance window'),
    table(
      ['Time', 'Actor', 'Mode', 'State', 'Revision', 'Traffic'],
      maintenance.map(({ at, actor, mode, state, changed, revision, after }) => [
        moment(at),
        code(actor),
        mode,
        changed ? state : `${state}, nothing changed`,
        revision === undefined ? '' : code(revision),
        describeSplit(after),
      ]),
    ),
    ...leftOut(dropped?.maintenance, 'changes'),
  ];
}
