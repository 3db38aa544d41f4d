export {
  type CanaryCall,
  canaryActions,
  isCanaryAction,
  parseCanaryCall,
  parseJudgeCall,
  parsePromoteCall,
} from './canary-call.ts';
export { type MigrationState, migrationDrift } from './drift.ts';
export { gcloudCommands } from './gcloud-commands.ts';
export type { Patience } from './google/call.ts';
export { CloudError, type CloudErrorKind } from './google/cloud-error.ts';
export { type Connection, type ConnectionSettings, connectTo } from './google/connection.ts';
export type { Identity } from './google/identity.ts';
export { accountOf } from './google/rest.ts';
export { digestOf, isSameImage } from './image-reference.ts';
export { type Execution, type Job, type JobApi, openJobApi } from './jobs.ts';
export {
  type EntriesPage,
  errorFilter,
  type LogApi,
  type LogEntry,
  logReadCommand,
  openLogApi,
} from './logs.ts';
export type { MaintenanceOutcome } from './maintenance/outcome.ts';
export { type MonitoringApi, openMonitoringApi } from './monitoring.ts';
export { requireImage, requireJobName, requireLocation, requireTag } from './names.ts';
export type { CloudFacts } from './preflight/check-cloud.ts';
export { openSecretApi } from './secrets.ts';
export { openServiceApi, type ServiceApi } from './service/api.ts';
export { changedBy } from './service/change.ts';
export { type Deployment, type DeployOptions, deployNoTraffic } from './service/deploy.ts';
export { requireImageAsLookedUp } from './service/deployed-image.ts';
export { ingressContainer, withIngressContainer } from './service/ingress-container.ts';
export type {
  Condition,
  Revision,
  RunningRevision,
  ServedTarget,
  Service,
} from './service/service.ts';
export {
  type Bookkeeping,
  rollback,
  type ShiftOptions,
  setTraffic,
  type TrafficChange,
} from './service/shift-traffic.ts';
export { canaryStatus, canaryStatusYaml, lookAtService } from './service/status.ts';
export { putDown, tagRevision, untagRevision } from './service/tag-revision.ts';
export type { Container } from './service/template.ts';
export {
  describeShares,
  followsLatest,
  type Share,
  sharesOf,
  stableRevision,
  type TrafficSplit,
  type TrafficTarget,
} from './service/traffic.ts';
export type { ServiceLocation } from './service-location.ts';
export { cloudSettings, skipMaintenanceCheckSetting } from './settings.ts';
