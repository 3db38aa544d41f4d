export {
  type DeploymentRequest,
  type JoinRequest,
  joinEvidence,
  joinEvidenceByUrl,
  openEvidence,
} from './evidence/begin.ts';
export { type Evidence, noEvidence } from './evidence/evidence.ts';
export type { RolloutEvent } from './evidence/rollout-event.ts';
export { readReport, reportedBaseUrl, reportedTraffic } from './last-report.ts';
export type { ReportRecord } from './record/schema.ts';
export { rollbackCommand, trafficNow } from './record/split.ts';
export { evidenceSettings } from './settings.ts';
