import type { RootContent } from 'mdast';
import type { ReportRecord } from '../record/schema.ts';
import { verdictOf } from '../record/verdict.ts';
import { heading, list, markdown, paragraph, strong } from './markdown.ts';
import { circumstancesSection } from './sections/circumstances.ts';
import { gatesSection } from './sections/gates.ts';
import { imageSection } from './sections/image.ts';
import { maintenanceSection } from './sections/maintenance.ts';
import { matrixSection } from './sections/matrix.ts';
import { promotionSection } from './sections/promotion.ts';
import { rollbackSection } from './sections/rollback.ts';
import { smokeSection } from './sections/smoke.ts';
import { stepsSection } from './sections/steps.ts';
import { trafficSection } from './sections/traffic.ts';
import { moment } from './words.ts';

// The sections that were rendered last, by their blocks. A command writes its report again for every event, and an event
// changes few sections.
let latest: ReadonlyMap<string, string> = new Map();

/**
 * A report's sections as Markdown: first the verdict, then what the runbook requires, and last, in folds, the history.
 */
export function renderSections(record: ReportRecord): string[] {
  const sections = [
    answerSection(record),
    imageSection(record),
    trafficSection(record),
    smokeSection(record),
    rollbackSection(record),
    gatesSection(record),
    promotionSection(record),
    stepsSection(record),
    maintenanceSection(record),
    matrixSection(record),
    circumstancesSection(record),
  ];
  const rendered = sections
    .filter((blocks) => blocks.length > 0)
    .map((blocks): [string, string] => {
      const key = JSON.stringify(blocks);
      return [key, latest.get(key) ?? markdown(blocks)];
    });
  latest = new Map(rendered);
  return rendered.map(([, section]) => section);
}

function answerSection(record: ReportRecord): RootContent[] {
  const { verdict, reasons } = verdictOf(record);
  return [
    // MD013 forbids long lines, which tables and commands need. MD033 forbids HTML, which the folds are.
    { type: 'html', value: '<!-- markdownlint-disable MD013 MD033 -->' },
    heading(1, `Rollout of ${record.service}`),
    paragraph(
      'Verdict: ',
      strong(verdict),
      '. Deployment: ',
      strong(record.state),
      `, begun ${moment(record.startedAt)}, last change ${moment(lastTime(record))}.`,
    ),
    list(reasons.map((reason) => [reason])),
  ];
}

/**
 * The latest time in a record. The clocks of several machines set these times, so the result is only for people to
 * read.
 */
function lastTime(record: ReportRecord): string {
  const times = [
    record.startedAt,
    ...record.steps.map(({ startedAt, endedAt }) => endedAt ?? startedAt),
    ...[...record.trafficChanges, ...record.smokes, ...record.maintenance].map(({ at }) => at),
    ...(record.matrices ?? []).map(({ at }) => at),
    ...(record.promotions ?? []).flatMap(({ at, notes }) => [at, ...notes.map((note) => note.at)]),
  ];
  return times.reduce((latest, time) => (Date.parse(time) > Date.parse(latest) ? time : latest));
}
