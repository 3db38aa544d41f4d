import { join } from 'node:path';
import { type TargetCheckout, text } from '@deploy/cli';

/** The variable that chooses the evidence report. */
export const evidenceSettings = {
  evidenceReport: text(
    'EVIDENCE_REPORT',
    "file of the evidence report, or `none` to write none (default: one file per rollout, in the service's docs/reports)",
  ),
};

/** The folder of the reports that EVIDENCE_REPORT does not name, relative to the root of the checkout. */
export function reportsFolder({ serviceDir }: TargetCheckout): string {
  return join(serviceDir, 'docs', 'reports');
}
