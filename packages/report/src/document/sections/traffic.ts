import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { describeSplit, trafficNow } from '../../record/split.ts';
import { code, fence, folded, heading, list, table } from '../markdown.ts';
import { trafficTimeline } from '../timeline.ts';
import { counted, leftOut, moment, shortSplit, splitOr } from '../words.ts';

export function trafficSection(record: ReportRecord): RootContent[] {
  const { trafficBefore, trafficChanges } = record;
  return [
    heading(2, 'Traffic split'),
    list([
      [`Before: ${splitOr(trafficBefore, 'not known')}${windowInWords(record)}`],
      [`After: ${splitOr(trafficNow(record), 'not known')}`],
    ]),
    ...(trafficChanges.length === 0 ? [] : changes(record)),
  ];
}

/** Says that a maintenance window was open before the rollout; empty if none was. */
function windowInWords({ windowBefore }: ReportRecord): string {
  if (windowBefore === undefined) return '';
  const { since, backTo } = windowBefore;
  const back = backTo === undefined ? '' : `; closing it goes back to ${describeSplit(backTo)}`;
  return ` (a maintenance window, open since ${moment(since)}${back})`;
}

function changes(record: ReportRecord): RootContent[] {
  const { trafficChanges, service, dropped } = record;
  const rows = table(
    ['Time', 'Actor', 'From', 'To'],
    trafficChanges.map(({ at, actor, before, after, byWindow }) => [
      moment(at),
      byWindow === true ? `${actor}, by a maintenance window` : code(actor),
      shortSplit(before, service),
      shortSplit(after, service),
    ]),
  );
  const timeline = fence('mermaid', trafficTimeline(record));
  const listed = [rows, ...leftOut(dropped?.trafficChanges, 'changes')];
  const summary = counted(trafficChanges.length, 'change');
  // A promotion's own charts already show its steps, so here the timeline is folded along with the table.
  const hasCharts = trafficChanges.some(({ byPromotion }) => byPromotion === true);
  return hasCharts
    ? folded(`${summary} over time`, [timeline, ...listed])
    : [timeline, ...folded(summary, listed)];
}
