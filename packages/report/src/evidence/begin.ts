import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cleanLine, findTargetCheckout, type TargetCheckout, UserError } from '@deploy/cli';
import type { ServiceLocation } from '@deploy/cloudrun';
import { reportsFolder } from '../reports-folder.ts';
import { type Evidence, noEvidence } from './evidence.ts';

// What a command calls first. What reads and writes reports is loaded only when there is something to write down: it
// would double the start-up of a dry run.

export type EvidenceRequest = {
  /** What EVIDENCE_REPORT says. */
  evidenceReport: string | undefined;
  dryRun?: boolean;
  /**
   * Who acts, asked for only when something is written down. Where there is no such question, or undefined is the
   * answer, it is the user of this machine.
   */
  account?(): Promise<string | undefined>;
  /** Takes what people should know: a line for stderr. */
  note(line: string): void;
};

export type DeploymentRequest = EvidenceRequest & {
  checkout: TargetCheckout;
  location: ServiceLocation;
  image: string;
};

/** A command that adds to the report of a rollout which an earlier one began. */
export type JoinRequest = EvidenceRequest & {
  repoRoot: string | undefined;
  serviceDir: string;
  webShellDir: string;
  /** That there is no report to join goes without saying. */
  mayBeMissing?: boolean;
  /** What is done is more urgent than that it is written down: any failure to do so is only told. */
  isUrgent?: boolean;
};

/**
 * Opens the report of a deployment, before it changes anything: a new one, or the file that EVIDENCE_REPORT names, where
 * the same deployment goes on. Throws a UserError when it cannot be written, or holds another deployment.
 */
export async function openEvidence(request: DeploymentRequest): Promise<Evidence> {
  if (isOff(request)) return noEvidence;
  const { openReport } = await import('./open.ts');
  return openReport(request);
}

/**
 * The evidence of a command on a service: goes into the newest open report of that service, or the file that
 * EVIDENCE_REPORT names. Throws a UserError when that file is not a report of this service, unless the command is urgent;
 * any other failure to find a report is told, and the command goes on without.
 */
export async function joinEvidence(request: JoinRequest & { location: ServiceLocation }): Promise<Evidence> {
  const place = whereToJoin(request);
  if (place === undefined) return noEvidence;
  const { joinByService } = await import('./join.ts');
  return joinByService(request, place);
}

/**
 * The evidence of a command that knows only a base URL: goes into the open report that knows this URL too, or the file
 * that EVIDENCE_REPORT names. Throws a UserError when that file is no report.
 */
export async function joinEvidenceByUrl(request: JoinRequest & { baseUrl: string }): Promise<Evidence> {
  const place = whereToJoin(request);
  if (place === undefined) return noEvidence;
  const { joinByUrl } = await import('./join.ts');
  return joinByUrl(request, place);
}

/** The report that EVIDENCE_REPORT names, or the folder to look for one in. */
export type JoinPlace = { named: string } | { folder: string };

/** Where a report to join may be; undefined when there can be none, as outside a checkout or before its first rollout. */
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
