/** Resources in the JSON of Admin API v2. Only the fields that the emulator uses are listed. */
export type TrafficTargetJson = {
  type?: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' | 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION';
  revision?: string;
  percent?: number;
  tag?: string;
};

export type TrafficStatusJson = TrafficTargetJson & { uri?: string };

export type EnvVarJson = {
  name: string;
  value?: string;
  valueSource?: { secretKeyRef?: { secret: string; version: string } };
};

export type ContainerJson = { [key: string]: unknown; image?: string; env?: EnvVarJson[] };

export type TemplateJson = {
  [key: string]: unknown;
  revision?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  containers?: ContainerJson[];
};

export type ConditionJson = {
  type: string;
  state: 'CONDITION_PENDING' | 'CONDITION_RECONCILING' | 'CONDITION_FAILED' | 'CONDITION_SUCCEEDED';
  message?: string;
  lastTransitionTime: string;
  reason?: string;
  revisionReason?: string;
};

export type ServiceJson = {
  [key: string]: unknown;
  name: string;
  uid: string;
  /** An int64, which proto3 JSON writes as a string. */
  generation: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  createTime: string;
  updateTime: string;
  creator: string;
  lastModifier: string;
  template: TemplateJson;
  traffic: TrafficTargetJson[];
  observedGeneration: string;
  terminalCondition: ConditionJson;
  conditions: ConditionJson[];
  latestReadyRevision?: string;
  latestCreatedRevision?: string;
  trafficStatuses: TrafficStatusJson[];
  uri: string;
  reconciling: boolean;
  etag: string;
};

/**
 * Annotations and labels of a v1 service that v2 cannot express: it has no fields for them, and reserves their
 * namespaces. They are kept as written.
 */
export type KnativeExtras = {
  annotations: Readonly<Record<string, string>>;
  templateAnnotations: Readonly<Record<string, string>>;
  templateLabels: Readonly<Record<string, string>>;
};

export const NO_EXTRAS: KnativeExtras = { annotations: {}, templateAnnotations: {}, templateLabels: {} };

export type RevisionJson = {
  [key: string]: unknown;
  name: string;
  service: string;
  generation: string;
  labels?: Record<string, string>;
  containers?: ContainerJson[];
  conditions: ConditionJson[];
  reconciling: boolean;
  createTime: string;
};

/** The default split: https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration */
export const ALL_TO_LATEST: TrafficTargetJson = {
  type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST',
  percent: 100,
};

export function isLatest(target: TrafficTargetJson): boolean {
  return target.type === 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST';
}

export function condition(
  type: string,
  state: ConditionJson['state'],
  why: Pick<ConditionJson, 'message' | 'reason' | 'revisionReason'> = {},
): ConditionJson {
  return { type, state, lastTransitionTime: new Date().toISOString(), ...why };
}

export function shortName(resourceName: string): string {
  return resourceName.slice(resourceName.lastIndexOf('/') + 1);
}
