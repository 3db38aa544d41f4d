import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isKnownUrl } from '../record/base-url.ts';
import type { ReportRecord } from '../record/schema.ts';
import { isReportName } from './file-name.ts';
import { readReport } from './store.ts';

/** A folder of many years is not read to its beginning for the sake of a command that has no rollout at all. */
const MOST_READ = 50;

type Found = { path: string; record: ReportRecord };

/**
 * The newest report of a service that is still open, and that `suits`; undefined when there is none, or no such folder.
 * Throws a UserError when a newer one cannot be read: it may be the one that is looked for, and what belongs into it
 * would make an earlier rollout look as if it had gone on.
 */
export async function findByService(
  folder: string,
  { project, region, service }: Pick<ReportRecord, 'project' | 'region' | 'service'>,
  suits: (record: ReportRecord) => boolean = () => true,
): Promise<string | undefined> {
  for await (const { path, record } of newestFirst(folder)) {
    const isIt = record.service === service && record.project === project && record.region === region;
    if (isIt && isOpen(record) && suits(record)) return path;
  }
  return undefined;
}

/** The newest report that is the open one of its service, and knows this base URL. Throws as `findByService` does. */
export async function findByBaseUrl(folder: string, baseUrl: string): Promise<string | undefined> {
  const seen = new Set<string>();
  for await (const { path, record } of newestFirst(folder)) {
    if (!isOpen(record)) continue;
    const service = JSON.stringify([record.project, record.region, record.service]);
    if (!seen.has(service) && isKnownUrl(record, baseUrl)) return path;
    seen.add(service);
  }
  return undefined;
}

/** What was stopped before anything was deployed has no rollout that something could be added to. */
function isOpen({ state }: ReportRecord): boolean {
  return state !== 'stopped';
}

async function* newestFirst(folder: string): AsyncGenerator<Found> {
  const names = (await list(folder)).filter(isReportName).sort().reverse();
  for (const name of names.slice(0, MOST_READ)) {
    const path = join(folder, name);
    yield { path, record: (await readReport(path)).record };
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
