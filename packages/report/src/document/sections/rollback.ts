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

/** The rollback command names folders that exist on one machine only. */
function whereItWorks({ host, scripts }: ReportRecord): RootContent[] {
  if (scripts === undefined) return [];
  return [paragraph('In any folder of ', code(host), '; elsewhere, with the folders that are there:')];
}

function stableInWords(record: ReportRecord): Inline[] {
  const { stable, windowBefore } = record;
  const when = windowBefore === undefined ? 'before' : 'before the maintenance window that was open then';
  if (stable !== undefined) {
    const first =
      windowBefore === undefined ? '' : ' While that is open, close it: this brings the traffic back.';
    return [code(stable), `, which held all the traffic ${when}.${first}`];
  }
  const split = splitBefore(record);
  if (split === undefined) {
    return windowBefore === undefined
      ? ['not known, since the deployment never read the traffic split.']
      : ['not known, since a maintenance window was open, and nothing says which split it replaced.'];
  }
  const before = `unclear, since traffic was split ${when}: ${describeSplit(split)}.`;
  return [
    rollbackCommand(record) === undefined
      ? `${before} Choose one of these revisions for canary-rollout.ts rollback.`
      : `${before} This command brings that split back:`,
  ];
}
