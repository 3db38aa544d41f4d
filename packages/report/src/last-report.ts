import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TargetCheckout, UserError } from '@deploy/cli';
import type { ServiceLocation, Share } from '@deploy/cloudrun';
import type { ReportRecord } from './record/schema.ts';
import { trafficNow } from './record/split.ts';
import { splitInDoubt } from './record/steps.ts';
import { reportsFolder } from './reports-folder.ts';

/**
 * The split that the newest open report of a service says there is, and that report's file; undefined when there is no
 * report that says, or when a command was interrupted as it asked for another split. What reads reports is loaded only where there are some.
 */
export async function reportedTraffic(
  checkout: TargetCheckout,
  location: ServiceLocation,
): Promise<{ shares: readonly Share[]; path: string } | undefined> {
  const folder = join(checkout.root, reportsFolder(checkout));
  if (!existsSync(folder)) return undefined;
  const { findByService } = await import('./store/find.ts');
  const { readReport } = await import('./store/store.ts');
  const says = (record: ReportRecord): boolean => trafficNow(record) !== undefined;
  const path = await findByService(folder, location, says).catch((error: unknown) => {
    // Whoever writes into it says so; here it is as good as no report.
    if (error instanceof UserError) return undefined;
    throw error;
  });
  if (path === undefined) return undefined;
  const { record } = await readReport(path);
  const shares = trafficNow(record);
  // After an interruption either split may serve, and neither is somebody else's.
  return shares === undefined || splitInDoubt(record) !== undefined ? undefined : { shares, path };
}

/**
 * Where the service is reached according to a report that EVIDENCE_REPORT names: what the preconditions of its rollout
 * came to, the domain or, until that has its certificate, the service's own URL. Undefined when no report is named.
 */
export async function reportedBaseUrl(evidenceReport: string | undefined): Promise<string | undefined> {
  if (evidenceReport === undefined || !existsSync(evidenceReport)) return undefined;
  const { readReport } = await import('./store/store.ts');
  return (await readReport(evidenceReport)).record.baseUrls[0];
}
