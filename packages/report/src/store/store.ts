import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { removeLeftovers, UserError, withFileLock, writeAtomically } from '@deploy/cli';
import { type Report, readDocument } from '../document/read.ts';
import { nobodysText, writeDocument } from '../document/write.ts';
import type { ReportRecord } from '../record/schema.ts';

const LOCK_FILE = '.staging-deploy-report.lock';
const PATIENCE_MS = 30_000;

/** Reads a report. Throws a UserError when the file is not a report, and the system's error when it cannot be read. */
export async function readReport(path: string): Promise<Report> {
  return readDocument(await readFile(path), path);
}

/**
 * Writes a new report into a folder and returns its path. It is named after the kind of deployment and the current
 * second, or the next second if that name is taken.
 */
export async function createReport(folder: string, kind: string, record: ReportRecord): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (;;) {
    const now = new Date();
    const path = join(folder, reportName(now, kind));
    if (await createAt(path, record)) return path;
    await pause(1000 - now.getMilliseconds());
  }
}

/** Writes a new report to this path. Returns false, and writes nothing, when a file is already there. */
export async function createAt(path: string, record: ReportRecord): Promise<boolean> {
  return withFolderLock(dirname(path), async () => {
    if (existsSync(path)) return false;
    await removeLeftovers(dirname(path));
    await writeAtomically(path, writeDocument({ record, people: nobodysText }, path));
    return true;
  });
}

/**
 * Reads a report, changes its record and writes it back, all under a lock. What people wrote in it is kept. Throws a
 * UserError when the file is not a report, and the system's error when it cannot be read or written.
 */
export async function updateReport(
  path: string,
  change: (record: ReportRecord) => ReportRecord,
): Promise<ReportRecord> {
  // Renaming onto a symbolic link would replace the link.
  const file = await realpath(path);
  return withFolderLock(dirname(file), async () => {
    await removeLeftovers(dirname(file));
    const { record, people } = await readReport(file);
    const changed = change(record);
    await writeAtomically(file, writeDocument({ record: changed, people }, file));
    return changed;
  });
}

/** `20260212T165540Z-staging-deploy-report.md`: names sort by time. */
function reportName(at: Date, kind: string): string {
  const stamp = at.toISOString().slice(0, 19).replace(/[-:]/g, '');
  return `${stamp}Z-${kind}-deploy-report.md`;
}

export function isReportName(name: string): boolean {
  return /^\d{8}T\d{6}Z-(?:staging|production)-deploy-report\.md$/.test(name);
}

/**
 * Runs `work` while no other command writes in this folder. Throws a UserError when one of them takes longer than half a
 * minute.
 */
function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, LOCK_FILE);
  const tooLong = (): Error =>
    new UserError(`another command has been writing evidence in ${folder} for ${PATIENCE_MS / 1000} s`, {
      hint: `See which process holds ${path}: lsof ${path}`,
    });
  return withFileLock(path, { patienceMs: PATIENCE_MS, tooLong }, work);
}
