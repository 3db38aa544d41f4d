import type { RootContent } from 'mdast';
import type { PromotionEntry, ReportRecord } from '../../record/schema.ts';
import { code, fence, folded, heading, paragraph, table } from '../markdown.ts';
import { promotionCharts } from '../promotion-charts.ts';
import { counted, moment, shortName } from '../words.ts';

/** The canary's promotions: the last one with its charts, the earlier ones folded. */
export function promotionSection({ promotions = [], service }: ReportRecord): RootContent[] {
  const [last, ...earlier] = promotions.toReversed();
  if (last === undefined) return [];
  const before = earlier.toReversed().flatMap((entry) => onePromotion(entry, service));
  return [
    heading(2, 'Promotions'),
    ...onePromotion(last, service),
    ...(before.length === 0 ? [] : folded(counted(earlier.length, 'earlier promotion'), before)),
  ];
}

function onePromotion(entry: PromotionEntry, service: string): RootContent[] {
  const { at, actor, stable, canary, source, steps, resumedAt, notes, minutes, ended } = entry;
  return [
    paragraph(
      `${moment(at)}, by `,
      code(actor),
      `: ${shortName(canary, service)} beside ${shortName(stable, service)}, in steps of ${steps.join(', ')} %, judged by ${source}`,
      ...(resumedAt === undefined ? [] : [`; resumed at ${resumedAt} %`]),
      `. ${ended === undefined ? 'It has not ended: it is still running, or was killed.' : `${notes.at(-1)?.text ?? ended}.`}`,
      inWords(minutes),
    ),
    ...promotionCharts(entry).map((chart) => fence('mermaid', chart)),
    ...folded('What was decided, why, and every minute', [
      ...(notes.length === 0 ? [] : [notesTable(notes)]),
      ...(minutes.length === 0 ? [] : [minutesTable(minutes)]),
    ]),
  ];
}

/** Says in words what the charts leave out: that there were no requests, or no errors. */
function inWords(minutes: PromotionEntry['minutes']): string {
  if (minutes.length === 0) return '';
  const requests = minutes.reduce((sum, { canary }) => sum + canary.requests, 0);
  const span = `In ${counted(minutes.length, 'minute')} the canary had`;
  if (requests === 0) return ` ${span} no requests.`;
  const hadErrors = minutes.some(({ stable, canary }) => canary.errors + (stable?.errors ?? 0) > 0);
  return ` ${span} ${counted(requests, 'request')}${hadErrors ? '' : ', and neither revision answered with a 5xx'}.`;
}

function notesTable(notes: PromotionEntry['notes']): RootContent {
  return table(
    ['Time', 'What'],
    notes.map(({ at, text }) => [moment(at), text]),
  );
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
