import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { describeSplit, rollbackCommand } from '../../record/split.ts';
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
  const { stable, trafficBefore } = record;
  if (stable !== undefined) return [code(stable), ', which held all the traffic before.'];
  if (trafficBefore === undefined) return ['not known, since the deployment never read the traffic split.'];
  const before = `unclear, since traffic was split before: ${describeSplit(trafficBefore)}.`;
  return [
    rollbackCommand(record) === undefined
      ? `${before} Choose one of these revisions for canary-rollout.ts rollback.`
      : `${before} This command brings that split back:`,
  ];
}
