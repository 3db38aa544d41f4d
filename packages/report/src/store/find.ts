import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceLocation } from '@deploy/cloudrun';
import { isKnownUrl } from '../record/base-url.ts';
import type { ReportRecord } from '../record/schema.ts';
import { isSameService } from '../record/service.ts';
import { isReportName, readReport } from './store.ts';

/** The most reports to look through. Without a limit, a command that belongs to no rollout would read all of them. */
const MOST_READ = 50;

type Found = { path: string; record: ReportRecord };

/**
 * Finds a service's newest open report for which `suits` is true; undefined when there is none, or no such folder.
 * Throws a UserError when a newer report cannot be read: that may be the right one, and what belongs in it must not go
 * into the report of an earlier rollout.
 */
export async function findByService(
  folder: string,
  location: ServiceLocation,
  suits: (record: ReportRecord) => boolean = () => true,
): Promise<string | undefined> {
  for await (const { path, record } of newestFirst(folder)) {
    if (isSameService(record, location) && isOpen(record) && suits(record)) return path;
  }
  return undefined;
}

/**
 * Finds the newest report that lists this base URL. Only the newest open report of each service is considered. Throws a
 * UserError when a newer report cannot be read.
 */
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

/**
 * Whether more can be added to a report. If its deployment stopped before anything was deployed, there is no rollout to
 * report on.
 */
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
