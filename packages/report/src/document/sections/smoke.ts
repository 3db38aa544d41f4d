import type { RootContent } from 'mdast';
import { isKnownUrl, isOwnUrl } from '../../record/base-url.ts';
import type { DroppedSmokes, ReportRecord, SmokeEntry } from '../../record/schema.ts';
import { hadNoToken } from '../../record/smoke-entry.ts';
import { splitMet } from '../../record/split.ts';
import { countingSmokes } from '../../record/verdict.ts';
import { code, folded, heading, type Inline, list, paragraph, strong, table } from '../markdown.ts';
import { counted, duration, moment, shortName, shortSplit } from '../words.ts';

// With more runs than this, only those that failed or count for the verdict are shown. The others are folded.
const MOST_LINES = 6;

/** A line for each run, then the checks of each: shown if the run failed, folded if it passed. */
export function smokeSection(record: ReportRecord): RootContent[] {
  const { smokes, dropped } = record;
  const title = heading(2, 'Smoke checks');
  if (smokes.length === 0) return [title, paragraph('None so far.')];
  const counting = countingSmokes(record);
  const shown =
    smokes.length <= MOST_LINES
      ? smokes
      : smokes.filter((run) => run.state === 'failed' || counting.includes(run));
  const rest = smokes.filter((run) => !shown.includes(run));
  const failed = shown.filter(({ state }) => state === 'failed');
  const passed = shown.filter(({ state }) => state === 'passed');
  const inFold = [
    ...passed.flatMap(checksOf),
    ...runList(rest, record),
    ...rest.flatMap(checksOf),
    ...(dropped === undefined || dropped.smokes.length === 0 ? [] : earlierRuns(dropped.smokes)),
  ];
  const summary = [
    ...(passed.length === 0 ? [] : ['checks of the runs that passed']),
    ...(rest.length === 0 ? [] : [`${counted(rest.length, 'more run')} that passed`]),
    ...(passed.length + rest.length === 0 ? ['earlier runs, counted only'] : []),
  ].join(', and ');
  return [
    title,
    ...(shown.length === 0 ? [paragraph('None since the last traffic change.')] : runList(shown, record)),
    ...failed.flatMap(checksOf),
    ...(inFold.length === 0 ? [] : folded(summary[0]?.toUpperCase() + summary.slice(1), inFold)),
  ];
}

function runList(runs: readonly SmokeEntry[], record: ReportRecord): RootContent[] {
  return runs.length === 0 ? [] : [list(runs.map((run) => runLine(run, record)))];
}

function runLine(run: SmokeEntry, record: ReportRecord): Inline[] {
  const { at, state, suite, baseUrl, durationMs, actor } = run;
  const who = answeredBy(run, record);
  const remarks = [
    ...(isOwnUrl(record, baseUrl) ? [] : ["for information: not the service's own URL"]),
    ...(hadNoToken(run) ? ['without an access token'] : []),
  ];
  return [
    `${moment(at)}: ${suite} `,
    strong(state),
    `${who === undefined ? '' : `, answered by ${who}`}, `,
    code(baseUrl),
    `, ${duration(durationMs)}`,
    ...(actor === record.account ? [] : [', by ', code(actor)]),
    ...(remarks.length === 0 ? [] : [` (${remarks.join('; ')})`]),
  ];
}

/** The revision that answered, or all that may have answered; undefined when neither is known. */
function answeredBy(run: SmokeEntry, record: ReportRecord): string | undefined {
  if (run.revision !== undefined) return shortName(run.revision, record.service);
  if (!isOwnUrl(record, run.baseUrl)) {
    return isKnownUrl(record, run.baseUrl) ? 'the revision of that tag' : undefined;
  }
  const split = splitMet(record, run);
  const [only, ...others] = split ?? [];
  if (split === undefined || only === undefined) return undefined;
  return others.length === 0
    ? shortName(only.revision, record.service)
    : `one of ${shortSplit(split, record.service)}`;
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
