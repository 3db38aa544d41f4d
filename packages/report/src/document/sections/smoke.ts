import type { RootContent } from 'mdast';
import { isOwnUrl } from '../../record/base-url.ts';
import type { DroppedSmokes, ReportRecord, SmokeEntry } from '../../record/schema.ts';
import { hadNoToken } from '../../record/smoke-entry.ts';
import { splitMet } from '../../record/split.ts';
import { code, folded, heading, paragraph, type Row, strong, table } from '../markdown.ts';
import { duration, moment, shortName } from '../words.ts';

/** A line for each run; the checks of those that failed open, of those that passed folded. */
export function smokeSection(record: ReportRecord): RootContent[] {
  const { smokes, dropped } = record;
  const title = heading(2, 'Smoke checks');
  if (smokes.length === 0) return [title, paragraph('None so far.')];
  const failed = smokes.filter(({ state }) => state === 'failed');
  const passed = smokes.filter(({ state }) => state === 'passed');
  return [
    title,
    table(
      ['Time', 'Suite', 'Against', 'Result', 'Took', 'By', 'While serving', 'Remark'],
      smokes.map((run) => runRow(run, record)),
    ),
    ...failed.flatMap(checksOf),
    ...(passed.length === 0 ? [] : folded('Checks of the runs that passed', passed.flatMap(checksOf))),
    ...(dropped === undefined || dropped.smokes.length === 0 ? [] : earlierRuns(dropped.smokes)),
  ];
}

function runRow(run: SmokeEntry, record: ReportRecord): Row {
  const served = splitMet(record, run)?.map(
    ({ revision, percent }) => `${shortName(revision, record.service)} ${percent} %`,
  );
  const remarks = [
    ...(isOwnUrl(record, run.baseUrl) ? [] : ["for information: not one of the service's own URLs"]),
    ...(hadNoToken(run) ? ['no access token: sessions and tokens were not checked'] : []),
  ];
  return [
    moment(run.at),
    run.suite,
    code(run.baseUrl),
    strong(run.state),
    duration(run.durationMs),
    code(run.actor),
    served?.join(', ') ?? '',
    remarks.join('; '),
  ];
}

function checksOf({ at, suite, baseUrl, state, checks }: SmokeEntry): RootContent[] {
  return [
    paragraph(`${moment(at)}: ${suite} smoke against `, code(baseUrl), ' ', strong(state), ':'),
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

function earlierRuns(dropped: readonly DroppedSmokes[]): RootContent[] {
  return [
    paragraph('Earlier runs, counted only:'),
    table(
      ['Suite', 'Against', 'Passed', 'Failed'],
      dropped.map(({ suite, baseUrl, passed, failed }) => [
        suite,
        code(baseUrl),
        String(passed),
        String(failed),
      ]),
    ),
  ];
}
