import type { RootContent } from 'mdast';
import { isAboutService, notMade } from '../../record/matrix.ts';
import type { MatrixEntry, ReportRecord } from '../../record/schema.ts';
import { describeSplit } from '../../record/split.ts';
import { code, heading, paragraph, strong, table } from '../markdown.ts';
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

export function matrixSection(record: ReportRecord): RootContent[] {
  const { matrices = [] } = record;
  if (matrices.length === 0) return [];
  return [heading(2, 'Validation matrix'), ...matrices.map((run) => matrixRun(run, record))];
}

function matrixRun(run: MatrixEntry, record: ReportRecord): RootContent {
  const reason = run.verdict === 'incomplete' ? `: ${notMade(run)}` : '';
  const information = isAboutService(record, run) ? '' : ' For information: it looked at other services.';
  const summary = run.summary === undefined ? [] : [' Summary: ', code(run.summary)];
  return paragraph(`${moment(run.at)}: `, strong(run.verdict), `${reason}.${information}`, ...summary);
}
