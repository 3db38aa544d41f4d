import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import { writeSection } from '../support/page-section.ts';

const SECTION = { page: join(projectRoot, 'docs/performance.md'), name: 'measured' };

/** Puts the latest table into the performance page, between its two marks. */
export function updatePerformancePage(measured: string): Promise<void> {
  return writeSection(SECTION, measured);
}
