import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cleanLine, findTargetCheckout, UserError } from '@deploy/cli';
import type { ServiceLocation } from '@deploy/cloudrun';
import { reportsFolder } from '../settings.ts';
import { type Evidence, noEvidence } from './evidence.ts';
import type { EvidenceRequest, JoinPlace, JoinRequest, OpenRequest } from './request.ts';

// Every command calls one of these functions. The code that reads and writes reports is loaded only if there is
// something to record, because it would double the start-up time of a dry run.

/**
 * Opens a deployment's report before anything changes: a new one, or, to continue a deployment, the file that
 * EVIDENCE_REPORT names. Throws a UserError when the report cannot be written, or belongs to another deployment.
 */
export async function openEvidence(request: OpenRequest): Promise<Evidence> {
  if (isOff(request)) return noEvidence;
  const { openReport } = await import('./open.ts');
  return openReport(request);
}

/**
 * Joins the newest open report of a service. If there is none, or it cannot be read, the command says so and goes on
 * without a report. If EVIDENCE_REPORT names a file, joins that file instead, and throws a UserError when it is not a
 * report of this service. An urgent command does not throw: it goes on without a report.
 */
export async function joinEvidence(request: JoinRequest & { location: ServiceLocation }): Promise<Evidence> {
  const place = whereToJoin(request);
  if (place === undefined) return noEvidence;
  const { joinByService } = await import('./join.ts');
  return joinByService(request, place);
}

/**
 * For a command that knows only a base URL: joins the open report that lists this URL, or the file that EVIDENCE_REPORT
 * names. Throws a UserError when that file is not a report.
 */
export async function joinEvidenceByUrl(request: JoinRequest & { baseUrl: string }): Promise<Evidence> {
  const place = whereToJoin(request);
  if (place === undefined) return noEvidence;
  const { joinByUrl } = await import('./join.ts');
  return joinByUrl(request, place);
}

/**
 * Where to look for a report. Undefined when there can be none: outside a checkout, or in a checkout that has no
 * reports yet.
 */
function whereToJoin(request: JoinRequest): JoinPlace | undefined {
  const { evidenceReport, repoRoot, note } = request;
  if (isOff(request)) return undefined;
  if (evidenceReport !== undefined) return { named: resolve(evidenceReport) };
  try {
    const checkout = findTargetCheckout(request);
    const folder = join(checkout.root, reportsFolder(checkout));
    return existsSync(folder) ? { folder } : undefined;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (repoRoot !== undefined) note(`warning: no evidence is written: ${cleanLine(error.message, 300)}`);
    return undefined;
  }
}

function isOff({ dryRun = false, evidenceReport }: EvidenceRequest): boolean {
  return dryRun || evidenceReport === 'none';
}
