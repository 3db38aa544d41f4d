import type { RootContent } from 'mdast';
import type { PromotionEntry, ReportRecord } from '../../record/schema.ts';
import { code, folded, heading, paragraph, table } from '../markdown.ts';
import { moment, shortName } from '../words.ts';

/** The canary's promotions: what was decided and why, and each minute of both revisions, folded. */
export function promotionSection({ promotions = [], service }: ReportRecord): RootContent[] {
  if (promotions.length === 0) return [];
  return [heading(2, 'Promotions'), ...promotions.flatMap((entry) => onePromotion(entry, service))];
}

function onePromotion(entry: PromotionEntry, service: string): RootContent[] {
  const { at, actor, stable, canary, source, steps, resumedAt, notes, minutes } = entry;
  return [
    paragraph(
      `${moment(at)}, by `,
      code(actor),
      `: ${shortName(canary, service)} beside ${shortName(stable, service)}, in steps of ${steps.join(', ')} %, judged by ${source}`,
      ...(resumedAt === undefined ? ['.'] : [`; taken up at ${resumedAt} %.`]),
    ),
    ...(notes.length === 0
      ? []
      : [
          table(
            ['Time', 'What'],
            notes.map(({ at: time, text }) => [moment(time), text]),
          ),
        ]),
    ...(minutes.length === 0 ? [] : folded('Minute by minute', [minutesTable(minutes)])),
  ];
}

function minutesTable(minutes: PromotionEntry['minutes']): RootContent {
  const cells = (counts: PromotionEntry['minutes'][number]['stable']) =>
    counts === undefined
      ? ['', '', '']
      : [
          String(counts.requests),
          String(counts.errors),
          counts.p95Ms === undefined ? '' : `${counts.p95Ms} ms`,
        ];
  return table(
    ['Minute', 'Step', 'Stable: requests', '5xx', 'p95', 'Canary: requests', '5xx', 'p95'],
    minutes.map(({ at, step, stable, canary }) => [
      moment(at),
      `${step} %`,
      ...cells(stable),
      ...cells(canary),
    ]),
  );
}
