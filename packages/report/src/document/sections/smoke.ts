import type { RootContent } from 'mdast';
import { isOwnUrl } from '../../record/base-url.ts';
import type { DroppedSmokes, ReportRecord, SmokeEntry } from '../../record/schema.ts';
import { hadNoToken } from '../../record/smoke-entry.ts';
import { code, heading, paragraph, strong, table } from '../markdown.ts';
import { duration, moment } from '../words.ts';

export function smokeSection(record: ReportRecord): RootContent[] {
  const { smokes, dropped } = record;
  return [
    heading(2, 'Smoke checks'),
    ...(smokes.length === 0 ? [paragraph('None so far.')] : smokes.flatMap((run) => smokeRun(run, record))),
    ...(dropped === undefined || dropped.smokes.length === 0 ? [] : earlierRuns(dropped.smokes)),
  ];
}

function earlierRuns(dropped: readonly DroppedSmokes[]): RootContent[] {
  return [
    paragraph('Earlier runs, counted only:'),
    table(
      ['Suite', 'URL', 'Passed', 'Failed'],
      dropped.map(({ suite, baseUrl, passed, failed }) => [
        suite,
        code(baseUrl),
        String(passed),
        String(failed),
      ]),
    ),
  ];
}

function smokeRun(
  { at, actor, suite, baseUrl, state, durationMs, checks }: SmokeEntry,
  record: ReportRecord,
): RootContent[] {
  const noToken = hadNoToken({ suite, state, checks })
    ? ' It had no access token: sessions and tokens were not checked.'
    : '';
  const information = isOwnUrl(record, baseUrl)
    ? ''
    : " For information: this is not one of the service's own URLs.";
  return [
    paragraph(
      `${moment(at)}: ${suite} smoke against `,
      code(baseUrl),
      ' by ',
      code(actor),
      ' ',
      strong(state),
      ` in ${duration(durationMs)}.${noToken}${information}`,
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
