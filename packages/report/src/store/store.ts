import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { removeLeftovers, writeAtomically } from '@deploy/cli';
import { type Report, readDocument } from '../document/read.ts';
import { nobodysText, writeDocument } from '../document/write.ts';
import type { ReportRecord } from '../record/schema.ts';
import { reportName } from './file-name.ts';
import { withFolderLock } from './lock.ts';

/** Reads a report as it is now. Throws a UserError when it is not one, and the system's error when it is not there. */
export async function readReport(path: string): Promise<Report> {
  return readDocument(await readFile(path), path);
}

/**
 * Writes a new report into a folder, under the name of this second, or of the next when that is taken. Gives its path.
 */
export async function createReport(folder: string, record: ReportRecord): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (;;) {
    const now = new Date();
    const path = join(folder, reportName(now));
    if (await createAt(path, record)) return path;
    await pause(1000 - now.getMilliseconds());
  }
}

/** Writes a new report to this very path; false, and nothing is written, when something is there already. */
export async function createAt(path: string, record: ReportRecord): Promise<boolean> {
  return withFolderLock(dirname(path), async () => {
    if (existsSync(path)) return false;
    await removeLeftovers(dirname(path));
    await writeAtomically(path, writeDocument({ record, people: nobodysText }, path));
    return true;
  });
}

/**
 * Reads a report, changes its record and writes it anew, with nobody else in between; what people wrote is carried over.
 * Throws a UserError when the file is no report, the system's error when it cannot be read or written.
 */
export async function updateReport(
  path: string,
  change: (record: ReportRecord) => ReportRecord,
): Promise<ReportRecord> {
  // A rename would put the file in the place of a link to it.
  const file = await realpath(path);
  return withFolderLock(dirname(file), async () => {
    await removeLeftovers(dirname(file));
    const { record, people } = await readReport(file);
    const changed = change(record);
    await writeAtomically(file, writeDocument({ record: changed, people }, file));
    return changed;
  });
}
