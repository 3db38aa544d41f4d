import { relative } from 'node:path';
import type { Environment } from '@deploy/cli';
import { accountOf } from '@deploy/cloudrun';
import type { Evidence, RolloutEvent } from '@deploy/report';
import { joinEvidence, joinEvidenceByUrl } from '@deploy/report';
import type { MatrixOutcome } from './outcome.ts';
import { type MatrixSettings, readTarget } from './target.ts';

/**
 * The evidence that a matrix adds its verdict to: the open report that knows the staging base URL, else that of the
 * control service; none when there is no such report, which is as good. Throws a UserError when EVIDENCE_REPORT names a
 * file that is no report.
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
 * Adds a run's verdict to the evidence, with what it looked at and where its summary is in the target checkout. Where
 * nothing failed but required checks were not made, as after an interruption, the verdict is `incomplete`. A run of some
 * checks only (MATRIX_ONLY) cannot speak for the whole: it is added when it found a failure, and else changes nothing.
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
