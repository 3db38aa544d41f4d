import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { rollbackCommand, stableRevision } from '../../record/split.ts';
import { code, fence, heading, paragraph } from '../markdown.ts';

export function rollbackSection(record: ReportRecord): RootContent[] {
  const stable = stableRevision(record);
  const command = rollbackCommand(record);
  if (stable === undefined || command === undefined) return [heading(2, 'Rollback'), whyNone(record)];
  return [
    heading(2, 'Rollback'),
    paragraph('Stable revision, the one that held most traffic before: ', code(stable)),
    fence('sh', command),
  ];
}

function whyNone({ trafficBefore }: ReportRecord): RootContent {
  return paragraph(
    trafficBefore === undefined
      ? 'Stable revision: not known, since the deployment has not come to look at the traffic.'
      : 'Stable revision: none, since no revision held more traffic than every other.',
  );
}
