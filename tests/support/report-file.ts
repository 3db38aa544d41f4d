import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nobodysText, writeDocument } from '@deploy/report/document';
import type { ReportRecord } from '@deploy/report/record';

/** Puts a report with this record into a folder, under the name that a deployment would give it. */
export async function putReport(folder: string, kind: string, record: ReportRecord): Promise<string> {
  const path = join(folder, `20260212T165540Z-${kind}-deploy-report.md`);
  await mkdir(folder, { recursive: true });
  await writeFile(path, writeDocument({ record, people: nobodysText }, path));
  return path;
}
