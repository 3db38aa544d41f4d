import { text } from '@deploy/cli';

/** The variable that says where a command writes its evidence. */
export const evidenceSettings = {
  evidenceReport: text(
    'EVIDENCE_REPORT',
    "file of the evidence report, or `none` to write none (default: the rollout's own, under docs/reports of the service)",
  ),
};
