import type { ReportRecord } from './record/schema.ts';

/**
 * The record of a report's file. Throws a UserError when the file is no report, and the system's error when it is not
 * there. What reads it is loaded here and not before.
 */
export async function readReport(path: string): Promise<{ record: ReportRecord }> {
  const { readReport: read } = await import('./store/store.ts');
  return read(path);
}
