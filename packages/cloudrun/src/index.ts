export { type Connection, openServiceApi, type ServiceApi } from './api.ts';
export { type CanaryCall, canaryActions, isCanaryAction, parseCanaryCall } from './canary-call.ts';
export { CloudError, type CloudErrorKind } from './cloud-error.ts';
export { type Deployment, deployNoTraffic } from './deploy.ts';
export { type MigrationState, migrationDrift } from './drift.ts';
export { gcloudCommands, type ServiceLocation } from './gcloud-commands.ts';
export { accountOf, chooseIdentity, type Identity } from './identity.ts';
export { digestOf, isSameImage } from './image-reference.ts';
export { type Execution, type Job, type JobApi, newest, openJobApi } from './jobs.ts';
export { loadMaintenance, loadPreflight } from './load-parts.ts';
export { errorFilter, type LogEntry, logReadCommand, openLogApi } from './logs.ts';
export type { MaintenanceOutcome } from './maintenance/outcome.ts';
export type { MaintenanceStatus } from './maintenance/status.ts';
export { checkMaintenanceValues, checkToken, maintenanceSettings } from './maintenance/values.ts';
export { requireImage, requireJobName, requireLocation } from './names.ts';
export type { CloudCheckRequest, CloudFacts } from './preflight/check-cloud.ts';
export type { ExpectedTraffic } from './preflight/service.ts';
export {
  addSecretVersion,
  createSecret,
  isSecretMissing,
  openSecretApi,
  requireEnabledVersion,
} from './secrets.ts';
export type { Condition, Revision, ServedTarget, Service } from './service.ts';
export { cloudSettings } from './settings.ts';
export { rollback, setTraffic, type TrafficChange } from './shift-traffic.ts';
export { canaryStatus, canaryStatusYaml, lookAtService } from './status.ts';
export {
  describeShares,
  followsLatest,
  type Share,
  sharesOf,
  stableRevision,
  type TrafficSplit,
  type TrafficTarget,
} from './traffic.ts';
