import { join } from 'node:path';
import { path, type TargetCheckout } from '@deploy/cli';

export const evidenceSettings = {
  evidenceReport: path(
    'EVIDENCE_REPORT',
    "file of the evidence report, or `none` to write none (default: one file per rollout, in the service's docs/reports)",
    'none',
  ),
};

/** The folder of the reports, relative to the root of the checkout, unless EVIDENCE_REPORT names a file. */
export function reportsFolder({ serviceDir }: TargetCheckout): string {
  return join(serviceDir, 'docs', 'reports');
}
