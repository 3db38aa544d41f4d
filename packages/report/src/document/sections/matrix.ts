import type { RootContent } from 'mdast';
import { isAboutService, notMade } from '../../record/matrix.ts';
import type { MatrixEntry, ReportRecord } from '../../record/schema.ts';
import { code, heading, type Inline, link, paragraph, strong } from '../markdown.ts';
import { moment } from '../words.ts';

export function matrixSection(record: ReportRecord): RootContent[] {
  const { matrices = [] } = record;
  if (matrices.length === 0) return [];
  return [heading(2, 'Validation matrix'), ...matrices.map((run) => matrixRun(run, record))];
}

function matrixRun(run: MatrixEntry, record: ReportRecord): RootContent {
  const reason = run.verdict === 'incomplete' ? `: ${notMade(run)}` : '';
  const information = isAboutService(record, run) ? '' : ' For information: it looked at other services.';
  const summary = run.summary === undefined ? [] : [' Summary: ', summaryLink(run.summary)];
  return paragraph(`${moment(run.at)}: `, strong(run.verdict), `${reason}.${information}`, ...summary);
}

function summaryLink(path: string): Inline {
  // GitHub resolves a link with a leading slash from the root of the repository.
  return /^(?:[\w.-]+\/)+SUMMARY\.md$/.test(path) ? link(path, `/${path}`) : code(path);
}
