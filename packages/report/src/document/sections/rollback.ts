import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { describeSplit, rollbackCommand, splitBefore } from '../../record/split.ts';
import { code, fence, heading, type Inline, paragraph } from '../markdown.ts';

export function rollbackSection(record: ReportRecord): RootContent[] {
  const command = rollbackCommand(record);
  return [
    heading(2, 'Rollback'),
    paragraph('Stable revision: ', ...stableInWords(record)),
    ...(command === undefined ? [] : [...whereItWorks(record), fence('sh', command)]),
  ];
}

/** If the rollback command names folders, says on which machine they exist. */
function whereItWorks({ host, scripts }: ReportRecord): RootContent[] {
  if (scripts === undefined) return [];
  return [
    paragraph(
      'On ',
      code(host),
      ', in any folder; on another machine, change the folders to the ones there:',
    ),
  ];
}

function stableInWords(record: ReportRecord): Inline[] {
  const { stable, windowBefore } = record;
  const when = windowBefore === undefined ? 'before' : 'before the maintenance window that was open then';
  if (stable !== undefined) {
    const first =
      windowBefore === undefined ? '' : ' While that window is open, close it: that brings the traffic back.';
    return [code(stable), `, which held all the traffic ${when}.${first}`];
  }
  const split = splitBefore(record);
  if (split === undefined) {
    return windowBefore === undefined
      ? ['not known, since the deployment never read the traffic split.']
      : ['not known, since a maintenance window was open and the split before it is not recorded.'];
  }
  const before = `unclear, since traffic was split ${when}: ${describeSplit(split)}.`;
  return [
    rollbackCommand(record) === undefined
      ? `${before} Choose one of these revisions for canary-rollout.ts rollback.`
      : `${before} This command brings that split back:`,
  ];
}
