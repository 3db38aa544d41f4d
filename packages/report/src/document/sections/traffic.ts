import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { describeSplit, trafficNow } from '../../record/split.ts';
import { code, fence, heading, table } from '../markdown.ts';
import { trafficTimeline } from '../timeline.ts';
import { leftOut, moment, splitOr } from '../words.ts';

export function trafficSection(record: ReportRecord): RootContent[] {
  const { trafficBefore, trafficChanges } = record;
  return [
    heading(2, 'Traffic split'),
    table(
      ['When', 'Split'],
      [
        ['Before', splitOr(trafficBefore, 'not known')],
        ['After', splitOr(trafficNow(record), 'not known')],
      ],
    ),
    ...(trafficChanges.length === 0 ? [] : changes(record)),
  ];
}

function changes(record: ReportRecord): RootContent[] {
  return [
    fence('mermaid', trafficTimeline(record)),
    table(
      ['Time', 'Actor', 'From', 'To'],
      record.trafficChanges.map(({ at, actor, before, after }) => [
        moment(at),
        code(actor),
        describeSplit(before),
        describeSplit(after),
      ]),
    ),
    ...leftOut(record.dropped?.trafficChanges, 'changes'),
  ];
}
