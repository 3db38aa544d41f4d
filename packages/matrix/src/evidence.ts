import { relative } from 'node:path';
import type { Environment } from '@deploy/cli';
import { accountOf } from '@deploy/cloudrun';
import type { Evidence, RolloutEvent } from '@deploy/report';
import { joinEvidence, joinEvidenceByUrl } from '@deploy/report';
import type { MatrixOutcome } from './outcome.ts';
import { type MatrixSettings, readTarget } from './target.ts';

/**
 * Finds the evidence report that the matrix's verdict is added to: the open report with the staging base URL, else the
 * report of the control service. If there is neither, the verdict is not recorded. Throws a UserError when
 * EVIDENCE_REPORT names a file that is not a report.
 */
export async function joinMatrixEvidence(
  given: MatrixSettings,
  env: Environment,
  note: (line: string) => void,
): Promise<Evidence> {
  const { staging, control, connection } = readTarget(given, env);
  const account = () => accountOf(connection);
  const request = { ...given, account, note };
  const byUrl = await joinEvidenceByUrl({ ...request, baseUrl: staging.baseUrl });
  if (byUrl.path !== undefined || given.evidenceReport !== undefined) return byUrl;
  return joinEvidence({ ...request, location: control, mayBeMissing: true });
}

type Matrix = Extract<RolloutEvent, { kind: 'matrixRun' }>['matrix'];

/**
 * Adds a run's verdict to the evidence. If nothing failed but some required checks did not run, for example after an
 * interruption, the verdict is `incomplete`. A run of selected checks (MATRIX_ONLY) cannot show that the whole matrix
 * passes, so its verdict is recorded only if a required check failed.
 */
export async function addVerdict(
  evidence: Pick<Evidence, 'record'>,
  { overall, totals, environment }: MatrixOutcome,
  { isPartial, summary, checkoutRoot }: { isPartial: boolean; summary: string; checkoutRoot: string },
): Promise<void> {
  if (isPartial && totals.requiredFailures === 0) return;
  const { STAGING_CONTROL_BASE_URL: staging, PROD_CONTROL_BASE_URL: production } = environment;
  const { GCP_PROJECT: project, GCP_REGION: region, CONTROL_SERVICE: service } = environment;
  const inside = relative(checkoutRoot, summary);
  const matrix: Matrix = {
    verdict: totals.requiredFailures > 0 || overall === 'passed' ? overall : 'incomplete',
    notMade: totals.requiredSkipped,
    ...(!inside.startsWith('..') && { summary: inside }),
    baseUrls: [staging, production].flatMap((url) => url ?? []),
    ...(project && region && service && { service: { project, region, service } }),
  };
  await evidence.record({ kind: 'matrixRun', matrix });
}
