import type { RootContent } from 'mdast';
import type { ReportRecord, SmokeEntry } from '../../record/schema.ts';
import { code, heading, paragraph, strong, table } from '../markdown.ts';
import { duration, moment } from '../words.ts';

export function smokeSection({ smokes }: ReportRecord): RootContent[] {
  return [
    heading(2, 'Smoke checks'),
    ...(smokes.length === 0 ? [paragraph('None so far.')] : smokes.flatMap(smokeRun)),
  ];
}

function smokeRun({ at, actor, suite, baseUrl, state, durationMs, checks }: SmokeEntry): RootContent[] {
  return [
    paragraph(
      `${moment(at)}: ${suite} smoke against `,
      code(baseUrl),
      ' by ',
      code(actor),
      ' ',
      strong(state),
      ` in ${duration(durationMs)}.`,
    ),
    table(
      ['Check', 'Result', 'Request', 'Status', 'Took', 'Attempts', 'Detail'],
      checks.map((check) => [
        check.id,
        check.state,
        check.request ?? '',
        check.status === undefined ? '' : String(check.status),
        duration(check.durationMs),
        check.attempts === undefined ? '' : String(check.attempts),
        check.detail ?? '',
      ]),
    ),
  ];
}
