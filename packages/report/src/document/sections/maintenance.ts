import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { code, folded, heading, table } from '../markdown.ts';
import { counted, leftOut, moment, shortSplit } from '../words.ts';

/** The maintenance windows, folded while none is open. */
export function maintenanceSection({ maintenance, dropped, service }: ReportRecord): RootContent[] {
  const last = maintenance.at(-1);
  if (last === undefined) return [];
  const isOpen = last.mode === 'on';
  const blocks = [
    heading(2, 'Maintenance window'),
    table(
      ['Time', 'Actor', 'Mode', 'State', 'Revision', 'Traffic'],
      maintenance.map(({ at, actor, mode, state, changed, revision, after }) => [
        moment(at),
        code(actor),
        mode,
        changed ? state : `${state}, nothing changed`,
        revision === undefined ? '' : code(revision),
        shortSplit(after, service),
      ]),
    ),
    ...leftOut(dropped?.maintenance, 'changes'),
  ];
  const opened = maintenance.filter(({ mode, changed }) => mode === 'on' && changed).length;
  const often = opened === 0 ? '' : `, opened ${counted(opened, 'time')}`;
  const summary = `Maintenance window: ${isOpen ? 'open' : 'closed'} since ${moment(last.at)}${often}`;
  return folded(summary, blocks, { isOpen });
}
