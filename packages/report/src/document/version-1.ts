import type { ReportRecord } from '../record/schema.ts';
import { describeSplit, trafficNow } from '../record/split.ts';
import { code, markdown, table } from './markdown.ts';
import { moment, splitOr } from './words.ts';

// Reports of version 1 begin with their data as front matter. From the heading "Notes" on, people wrote everything.
// Before it, lines of the scripts and of people are mixed, and nothing records which is which. So the scripts' lines
// are recognised by their form.

type Version1 = { yaml: string; above: string; below: string };

const FRONT_MATTER = /^(?:\xef\xbb\xbf)?---[ \t]*\r?\n([\s\S]*?\n)---[ \t]*(?:\r?\n|$)/;
const NOTES = /^ {0,3}#{1,6}[ \t]+notes[ \t]*(?:#+[ \t]*)?\r?$/im;

/**
 * Splits a report of version 1; undefined when the text has no front matter. The text must have been decoded as latin1.
 */
export function splitVersion1(text: string): Version1 | undefined {
  const match = FRONT_MATTER.exec(text);
  const yaml = match?.[1];
  if (match === null || yaml === undefined) return undefined;
  const body = text.slice(match[0].length);
  const notes = NOTES.exec(body)?.index ?? body.length;
  return { yaml, above: body.slice(0, notes), below: body.slice(notes) };
}

const WROTE = [
  /^<!-- markdownlint-disable MD013 -->$/,
  /^# Staging deploy of /,
  /^Begun .* UTC, last change .* UTC\. State: \*\*\w+\*\*\. Verdict: \*\*/,
  /^## (?:Image and revisions|Traffic split|Smoke checks|Rollback|Verification gates|Steps)$/,
  /^## (?:Maintenance window|Validation matrix|Who and where|Go or no-go)$/,
  /^\| (?:What|When|Time|Check|Gate|Step) \|/,
  /^\|(?: -+ \|)+$/,
  /^[\d-]+ [\d:]+ UTC: (?:health|control) smoke against .* \*\*(?:passed|failed)\*\* in [\w. ]+\.$/,
  /^Stable revision, the one that held most traffic before: /,
  /^Stable revision: (?:not known|none), since /,
  /^```sh\nPROJECT=\S+ REGION=\S+ SERVICE=\S+ pnpm tsx scripts\/canary-rollout\.ts rollback \S+\n```$/,
  /^[\d-]+ [\d:]+ UTC: \*\*(?:passed|failed)\*\*\.(?: Summary: .*)?$/,
  /^\*\*(?:go|no-go|undecided)\*\*:$/,
  /^\| [^|]+ \| started \| [\d-]+ [\d:]+ UTC \| \| \|$/,
  /^- the deployment (?:is under way, or was killed on the way|was stopped before anything was deployed|failed)$/,
  /^- (?:revision \S* came up|\S+ was rolled back|\S+ has (?:[\d.]+ % of|all) the traffic)$/,
  /^- (?:preflight|web-shell build|gates|deploy|canary-rollout [\w-]+|maintenance-mode \w+) failed(?:: |$)/,
  /^- (?:preflight|web-shell build|gates|deploy|canary-rollout [\w-]+|maintenance-mode \w+) was started and has not/,
  /^- (?:no verification gate has been run|all verification gates passed|the verification gates were skipped)$/,
  /^- (?:only some of the verification gates were run|gate \S+ (?:failed|was not run))$/,
  /^- (?:no (?:health|control) smoke has been run(?: since the last traffic change)?)$/,
  /^- (?:(?:health|control) smoke (?:passed|failed)|the maintenance window is open)$/,
  /^- validation matrix (?:passed|failed)$/,
];

/** The tables that version 1 wrote in another form than this version does. */
export function tablesOfVersion1(record: ReportRecord): string {
  const { image, revisions, trafficBefore, trafficChanges, maintenance } = record;
  const optional = (value: string | undefined, otherwise: string) =>
    value === undefined ? otherwise : code(value);
  return markdown([
    table(
      ['What', 'Value'],
      [
        ['Image', code(image.reference)],
        ['Tag', optional(image.tag, 'none')],
        ['Digest', optional(image.digest, 'not looked up')],
        ['Revision before', optional(revisions.before, 'not known')],
        ['Revision deployed', optional(revisions.after, 'none so far')],
      ],
    ),
    table(
      ['When', 'Split'],
      [
        ['Before', splitOr(trafficBefore, 'not known')],
        ['After', splitOr(trafficNow(record), 'not known')],
      ],
    ),
    table(
      ['Time', 'Actor', 'From', 'To'],
      trafficChanges.map(({ at, actor, before, after }) => [
        moment(at),
        code(actor),
        describeSplit(before),
        describeSplit(after),
      ]),
    ),
    table(
      ['Time', 'Actor', 'Mode', 'State', 'Revision', 'Traffic'],
      maintenance.map(({ at, actor, mode, state, changed, revision, after }) => [
        moment(at),
        code(actor),
        mode,
        changed ? state : `${state}, nothing changed`,
        optional(revision, ''),
        describeSplit(after),
      ]),
    ),
  ]);
}

/** Whether this looks like something that version 1 wrote. Everything else counts as a person's. */
export function wroteVersion1(token: string): boolean {
  const text = token.replace(/\r/g, '');
  return WROTE.some((pattern) => pattern.test(text));
}
