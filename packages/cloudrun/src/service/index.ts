export { changeService } from './change.ts';
export { ingressContainer, withIngressContainer } from './ingress-container.ts';
export type { RunningRevision } from './service.ts';
export { describeCondition, lookAfterChange, waitUntilSettled } from './settle.ts';
export type { Container, RevisionTemplate } from './template.ts';
export {
  assignTag,
  assignTraffic,
  followsLatest,
  followsLatestOnly,
  pinLatest,
  removeTag,
  sameSplit,
  type TrafficSplit,
  type TrafficTarget,
} from './traffic.ts';
