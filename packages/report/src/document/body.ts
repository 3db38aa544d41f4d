import type { RootContent } from 'mdast';
import type { ReportRecord } from '../record/schema.ts';
import { lastTime } from '../record/times.ts';
import { verdictOf } from '../record/verdict.ts';
import { heading, list, markdown, paragraph, strong } from './markdown.ts';
import { circumstancesSection } from './sections/circumstances.ts';
import { gatesSection } from './sections/gates.ts';
import { imageSection } from './sections/image.ts';
import { maintenanceSection } from './sections/maintenance.ts';
import { matrixSection } from './sections/matrix.ts';
import { rollbackSection } from './sections/rollback.ts';
import { smokeSection } from './sections/smoke.ts';
import { stepsSection } from './sections/steps.ts';
import { trafficSection } from './sections/traffic.ts';
import { moment } from './words.ts';

/**
 * The sections of a report as Markdown, from its title on: first the answer, then what the runbook requires, then how it
 * came about.
 */
export function renderSections(record: ReportRecord): string[] {
  const sections = [
    answerSection(record),
    imageSection(record),
    trafficSection(record),
    smokeSection(record),
    rollbackSection(record),
    gatesSection(record),
    stepsSection(record),
    maintenanceSection(record),
    matrixSection(record),
    circumstancesSection(record),
  ];
  return sections.filter((blocks) => blocks.length > 0).map(markdown);
}

function answerSection(record: ReportRecord): RootContent[] {
  const { verdict, reasons } = verdictOf(record);
  return [
    // Tables and commands have lines as long as they are, and folds are HTML.
    { type: 'html', value: '<!-- markdownlint-disable MD013 MD033 -->' },
    heading(1, `Rollout of ${record.service}`),
    paragraph('Verdict: ', strong(verdict)),
    list(reasons),
    paragraph(
      `Begun ${moment(record.startedAt)}, last change ${moment(lastTime(record))}. Deployment: `,
      strong(record.state),
      '.',
    ),
  ];
}
