export { joinEvidence, joinEvidenceByUrl, openEvidence } from './evidence/begin.ts';
export type { Evidence } from './evidence/evidence.ts';
export type { JoinRequest } from './evidence/request.ts';
export type { RolloutEvent } from './evidence/rollout-event.ts';
export {
  readReport,
  reportedAddressOf,
  reportedBaseUrl,
  reportedRoles,
  reportedRolesOf,
  reportedStanding,
  reportedTraffic,
} from './last-report.ts';
export { evidenceSettings } from './settings.ts';
