export { type Connection, openServiceApi, type ServiceApi } from './api.ts';
export { type CanaryCall, canaryActions, isCanaryAction, parseCanaryCall } from './canary-call.ts';
export { CloudError, type CloudErrorKind } from './cloud-error.ts';
export { type Deployment, deployNoTraffic } from './deploy.ts';
export { gcloudCommands, type ServiceLocation } from './gcloud-commands.ts';
export { chooseIdentity, type Identity } from './identity.ts';
export { requireImage, requireLocation } from './names.ts';
export type { Condition, Revision, ServedTarget, Service } from './service.ts';
export { cloudSettings } from './settings.ts';
export { rollback, setTraffic, type TrafficChange } from './shift-traffic.ts';
export { canaryStatus, canaryStatusYaml } from './status.ts';
export {
  describeShares,
  followsLatest,
  type Share,
  sharesOf,
  stableRevision,
  type TrafficSplit,
  type TrafficTarget,
} from './traffic.ts';
