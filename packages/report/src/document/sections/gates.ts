import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { folded, heading, paragraph, table } from '../markdown.ts';
import { duration } from '../words.ts';

type Gates = NonNullable<ReportRecord['gates']>;

const extents: Record<Gates['extent'], string> = {
  all: 'All of the verification gates were asked for.',
  partial: 'Only some of the verification gates were asked for: this is not full evidence.',
  skipped: 'The verification gates were skipped: this is not full evidence.',
};

/** The verification gates, folded when all of them passed. */
export function gatesSection({ gates }: ReportRecord): RootContent[] {
  const title = heading(2, 'Verification gates');
  if (gates === undefined) return [title, paragraph('None so far.')];
  const { extent, results } = gates;
  const blocks = [title, paragraph(extents[extent]), ...(results.length === 0 ? [] : [resultTable(gates)])];
  const passed = results.filter(({ verdict }) => verdict === 'passed').length;
  if (extent !== 'all' || passed < results.length) return blocks;
  return folded(`Verification gates: all ${passed} passed`, blocks);
}

function resultTable({ results }: Gates): RootContent {
  return table(
    ['Gate', 'Verdict', 'Took', 'Cache', 'Verdict from'],
    results.map(({ gate, verdict, durationMs, exitCode, cache, source }) => [
      gate,
      exitCode === undefined ? verdict : `${verdict} (exit code ${exitCode})`,
      duration(durationMs),
      cache ?? '',
      source ?? '',
    ]),
  );
}
