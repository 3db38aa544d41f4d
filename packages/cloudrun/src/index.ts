export { type Connection, openServiceApi, type ServiceApi } from './api.ts';
export { type CanaryCall, canaryActions, isCanaryAction, parseCanaryCall } from './canary-call.ts';
export { CloudError, type CloudErrorKind } from './cloud-error.ts';
export { type Deployment, deployNoTraffic } from './deploy.ts';
export { type MigrationState, migrationDrift } from './drift.ts';
export { gcloudCommands, type ServiceLocation } from './gcloud-commands.ts';
export { accountOf, chooseIdentity, type Identity } from './identity.ts';
export { digestOf, isSameImage } from './image-reference.ts';
export { type Execution, type Job, type JobApi, newest, openJobApi } from './jobs.ts';
export { errorFilter, type LogEntry, logReadCommand, openLogApi } from './logs.ts';
export { type MaintenanceOutcome, requireServing } from './maintenance/outcome.ts';
export { verifyFromOutside } from './maintenance/outside.ts';
export {
  describeMaintenance,
  type MaintenanceStatus,
  maintenanceStatus,
  maintenanceStatusYaml,
} from './maintenance/status.ts';
export { checkMaintenanceValues, checkToken, maintenanceSettings } from './maintenance/values.ts';
export { disableMaintenance, enableMaintenance } from './maintenance/window.ts';
export { requireImage, requireJobName, requireLocation } from './names.ts';
export { type CloudCheckRequest, type CloudFacts, checkCloud } from './preflight/check-cloud.ts';
export type { ExpectedTraffic } from './preflight/service.ts';
export { type ImageLookup, lookUpImage } from './registry/look-up.ts';
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
