import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { heading, paragraph, table } from '../markdown.ts';
import { duration } from '../words.ts';

type Gates = NonNullable<ReportRecord['gates']>;

const extents: Record<Gates['extent'], string> = {
  all: 'All of the verification gates were asked for.',
  partial: 'Only some of the verification gates were asked for: this is no full evidence.',
  skipped: 'The verification gates were skipped: this is no full evidence.',
};

export function gatesSection({ gates }: ReportRecord): RootContent[] {
  if (gates === undefined) return [heading(2, 'Verification gates'), paragraph('None so far.')];
  return [
    heading(2, 'Verification gates'),
    paragraph(extents[gates.extent]),
    ...(gates.results.length === 0 ? [] : [resultTable(gates)]),
  ];
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
