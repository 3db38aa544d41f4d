import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  cleanLine,
  errorCode,
  errorMessage,
  findTargetCheckout,
  type TargetCheckout,
  UserError,
} from '@deploy/cli';
import type { ReportedRoles, ServiceLocation, Share } from '@deploy/cloudrun';
import type { ReportRecord } from './record/schema.ts';
import { lossOfCandidate, stableNow, trafficNow } from './record/split.ts';
import { splitInDoubt } from './record/steps.ts';
import { reportsFolder } from './settings.ts';

// The code that reads reports is loaded only if there is a report, because most commands have none to read.

/** Reads a report's file. Throws a UserError when it is not a report, and the system's error when it cannot be read. */
export async function readReport(path: string): Promise<{ record: ReportRecord }> {
  const { readReport: read } = await import('./store/store.ts');
  return read(path);
}

/**
 * The traffic split in the newest open report of a service that has one, and that report's file. Undefined when no
 * report has a split, or when a command was interrupted while it changed the split.
 */
export async function reportedTraffic(
  checkout: TargetCheckout,
  location: ServiceLocation,
): Promise<{ shares: readonly Share[]; path: string } | undefined> {
  const says = (record: ReportRecord): boolean => trafficNow(record) !== undefined;
  const path = await newestReport(checkout, location, says).catch((error: unknown) => {
    // An unreadable report counts as missing here. The command warns later, when it tries to write to the report.
    if (error instanceof UserError) return undefined;
    throw error;
  });
  if (path === undefined) return undefined;
  const { record } = await readReport(path);
  const shares = trafficNow(record);
  // After an interrupted step, either the split before it or the one that it asked for may serve. Returning one of them
  // would make the other look like somebody else's change.
  return shares === undefined || splitInDoubt(record) ? undefined : { shares, path };
}

/** The path of a service's newest open report, among those that pass `isWanted`; undefined when there is none. */
async function newestReport(
  checkout: TargetCheckout,
  location: ServiceLocation,
  isWanted?: (record: ReportRecord) => boolean,
): Promise<string | undefined> {
  const folder = join(checkout.root, reportsFolder(checkout));
  if (!existsSync(folder)) return undefined;
  const { findByService } = await import('./store/find.ts');
  return findByService(folder, location, isWanted);
}

/**
 * The service's base URL in the report that EVIDENCE_REPORT names: the domain, or the service's own URL if the
 * preflight found the domain without a certificate. Undefined when no report is named, or when the named report does
 * not exist.
 */
export async function reportedBaseUrl(evidenceReport: string | undefined): Promise<string | undefined> {
  if (evidenceReport === undefined || !existsSync(evidenceReport)) return undefined;
  const { record } = await readReport(evidenceReport).catch((error: unknown) => {
    if (errorCode(error) === '') throw error;
    throw new UserError(`EVIDENCE_REPORT cannot be read: ${cleanLine(errorMessage(error), 200)}`, {
      hint: 'Set it to the report of a rollout, or set OPENAGENTS_BASE_URL to the service to check.',
      cause: error,
    });
  });
  return record.baseUrls[0];
}

/** A service's base URL in its newest open report; undefined when there is no such report, or it cannot be read. */
export async function reportedAddressOf(
  location: ServiceLocation,
  given: Parameters<typeof findTargetCheckout>[0],
): Promise<string | undefined> {
  try {
    const path = await newestReport(findTargetCheckout(given), location);
    return path === undefined ? undefined : (await readReport(path)).record.baseUrls[0];
  } catch {
    // The address is only for a hint, which can be left out.
    return undefined;
  }
}

/**
 * The roles of the revisions, and whether what serves still lacks a health smoke. This is read from the report that
 * EVIDENCE_REPORT names, or else from the newest open report of a service. Undefined when there is no such report, or
 * it cannot be read.
 */
export async function reportedRolesOf(
  location: ServiceLocation,
  given: Parameters<typeof findTargetCheckout>[0] & { evidenceReport: string | undefined },
): Promise<(ReportedRoles & { lacksHealthSmoke: boolean }) | undefined> {
  const { evidenceReport } = given;
  try {
    if (evidenceReport === 'none') return undefined;
    if (evidenceReport !== undefined) return await reportedRoles(evidenceReport);
    return await reportedRoles(await newestReport(findTargetCheckout(given), location));
  } catch {
    // Only commands that change nothing call this, and they can do without the report.
    return undefined;
  }
}

/**
 * What the report in this file says: which revision is stable, which is the candidate, and whether what serves still
 * lacks a health smoke. Undefined when the report names neither revision.
 */
export async function reportedRoles(
  path: string | undefined,
): Promise<(ReportedRoles & { lacksHealthSmoke: boolean }) | undefined> {
  if (path === undefined) return undefined;
  const { record } = await readReport(path);
  const { revisions } = record;
  const stable = stableNow(record);
  if (stable === undefined && revisions.after === undefined) return undefined;
  const { countingSmokes } = await import('./record/verdict.ts');
  const lacksHealthSmoke = !countingSmokes(record).some(({ suite }) => suite === 'health');
  return {
    ...{ stable, canary: revisions.after, isRolledBack: isRolledBack(record), source: path },
    lacksHealthSmoke,
  };
}

/**
 * Whether somebody rolled back by hand. A promotion that rolled back does not count here, because the service itself
 * remembers that.
 */
function isRolledBack(record: ReportRecord): boolean {
  const lost = lossOfCandidate(record);
  return lost !== undefined && lost.byWindow !== true && lost.byPromotion !== true;
}

/** The location of a report's service, and the state of its rollout; undefined when the report has no split yet. */
export async function reportedStanding(path: string | undefined) {
  if (path === undefined) return undefined;
  const { record } = await readReport(path);
  const { project, region, service, revisions, promotions, maintenance } = record;
  const shares = trafficNow(record);
  if (shares === undefined) return undefined;
  return {
    location: { project, region, service },
    ...{ shares, stable: stableNow(record), canary: revisions.after, isRolledBack: isRolledBack(record) },
    isPromotion: revisions.after !== undefined && promotions?.at(-1)?.canary === revisions.after,
    // The report does not say whether closing the window would have to move traffic. Assume that it would not.
    ...(maintenance.at(-1)?.mode === 'on' && { window: { percent: 100, mustMoveTraffic: false } }),
  };
}
