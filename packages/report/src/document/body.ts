import type { RootContent } from 'mdast';
import type { ReportRecord } from '../record/schema.ts';
import { verdictOf } from '../record/verdict.ts';
import { heading, list, markdown, paragraph, strong } from './markdown.ts';
import { circumstancesSection } from './sections/circumstances.ts';
import { gatesSection } from './sections/gates.ts';
import { imageSection } from './sections/image.ts';
import { maintenanceSection, matrixSection } from './sections/later-events.ts';
import { rollbackSection } from './sections/rollback.ts';
import { smokeSection } from './sections/smoke.ts';
import { stepsSection } from './sections/steps.ts';
import { trafficSection } from './sections/traffic.ts';
import { moment } from './words.ts';

/** The body of a report, from its title to the last section before the notes. What the runbook requires comes first. */
export function renderBody(record: ReportRecord): string {
  return markdown([
    // Tables and the rollback command have lines as long as they are.
    { type: 'html', value: '<!-- markdownlint-disable MD013 -->' },
    heading(1, `Staging deploy of ${record.service}`),
    paragraph(
      `Begun ${moment(record.startedAt)}, last change ${moment(record.updatedAt)}. State: `,
      strong(record.state),
      '. Verdict: ',
      strong(verdictOf(record).verdict),
      '.',
    ),
    ...imageSection(record),
    ...trafficSection(record),
    ...smokeSection(record),
    ...rollbackSection(record),
    ...gatesSection(record),
    ...stepsSection(record),
    ...maintenanceSection(record),
    ...matrixSection(record),
    ...circumstancesSection(record),
    ...verdictSection(record),
  ]);
}

function verdictSection(record: ReportRecord): RootContent[] {
  const { verdict, reasons } = verdictOf(record);
  return [heading(2, 'Go or no-go'), paragraph(strong(verdict), ':'), list(reasons)];
}
