export {
  type CanaryCall,
  canaryActions,
  isCanaryAction,
  parseCanaryCall,
  parseJudgeCall,
  parsePromoteCall,
} from './canary-call.ts';
export { migrationDrift } from './drift.ts';
export { gcloudCommands } from './gcloud/commands.ts';
export type { Patience } from './google/call.ts';
export { CloudError, type CloudErrorKind } from './google/cloud-error.ts';
export { type Connection, type ConnectionSettings, connectTo } from './google/connection.ts';
export { accountOf } from './google/rest.ts';
export { loginLastsMs } from './google/token-info.ts';
export { openJobApi } from './jobs.ts';
export { type EntriesPage, errorFilter, type LogApi, logReadCommand, openLogApi } from './logs.ts';
export { isMaintenanceOn } from './maintenance/environment.ts';
export { requireNotInMaintenance, requireNoWindow } from './maintenance/guard.ts';
export type { OpenWindow } from './maintenance/open-window.ts';
export type { MaintenanceOutcome } from './maintenance/outcome.ts';
export { findSuccessor } from './maintenance/successor.ts';
export { type MonitoringApi, openMonitoringApi } from './monitoring.ts';
export {
  findLocation,
  requireImage,
  requireJobName,
  requireLocation,
  requireRegistry,
  requireTag,
} from './names.ts';
export { serviceCommand } from './own-commands.ts';
export { openSecretApi } from './secrets.ts';
export { openServiceApi, type ServiceApi } from './service/api.ts';
export { changedBy } from './service/change.ts';
export { type Deployment, deployNoTraffic } from './service/deploy.ts';
export { requireImageAsLookedUp, whyNotCompared } from './service/deployed-image.ts';
export { isMadeAnew, MadeAnew, madeAnew } from './service/made-anew.ts';
export { nearestRevision, readNamedRevision } from './service/named-revision.ts';
export { newestReadyRevision } from './service/newest-ready.ts';
export { nextSteps } from './service/next-steps.ts';
export { isWindowMade } from './service/nonce.ts';
export { type Overview, type OverviewRow, readOverview } from './service/overview.ts';
export type { Revision, Service } from './service/service.ts';
export { isSettled } from './service/settle.ts';
export { type Bookkeeping, rollback, setTraffic, type TrafficChange } from './service/shift-traffic.ts';
export { canaryStatus, canaryStatusYaml, lookAtService } from './service/status.ts';
export { laterDeployment } from './service/superseded.ts';
export { type ReportedRoles, requireBackwards, whyForwards } from './service/swapped.ts';
export { sendAnnotations, tagRevision, untagRevision, writeAnnotations } from './service/tag-revision.ts';
export {
  briefRevision,
  briefShares,
  describeShares,
  type Share,
  sameShares,
  servedShares,
  sharesOf,
  stableRevision,
  targetShares,
} from './service/traffic.ts';
export type { ServiceLocation } from './service-location.ts';
export {
  cloudSettings,
  skipMaintenanceCheckSetting,
  skipPromotionCheckSetting,
  skipSpellingCheckSetting,
  skipStableCheckSetting,
} from './settings.ts';
