/** Knative v1 resources, as in recordings of Cloud Run. Only fields that are translated to or from v2 are listed. */
export type KnativeTarget = {
  latestRevision?: boolean;
  revisionName?: string;
  percent?: number;
  tag?: string;
  url?: string;
};

export type KnativeEnvVar = {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef?: { name: string; key: string } };
};

export type KnativeContainer = { [key: string]: unknown; image?: string; env?: KnativeEnvVar[] };

export type KnativeVolume = {
  name: string;
  secret?: { secretName: string; items?: { key: string; path: string; mode?: number }[] };
  emptyDir?: { medium?: string; sizeLimit?: string };
  [key: string]: unknown;
};

export type KnativeTemplate = {
  metadata?: { name?: string; annotations?: Record<string, string>; labels?: Record<string, string> };
  spec?: {
    [key: string]: unknown;
    containers?: KnativeContainer[];
    volumes?: KnativeVolume[];
    containerConcurrency?: number;
    timeoutSeconds?: number;
    serviceAccountName?: string;
  };
};

export type KnativeCondition = {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
};

export type KnativeService = {
  apiVersion: 'serving.knative.dev/v1';
  kind: 'Service';
  metadata: {
    name: string;
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
    resourceVersion?: string;
    [key: string]: unknown;
  };
  spec: { template: KnativeTemplate; traffic?: KnativeTarget[] };
};

/** A service as it was read from the platform, including the fields that the platform writes. */
export type RecordedKnativeService = KnativeService & {
  metadata: { creationTimestamp?: string; generation?: number; uid?: string };
  status?: {
    conditions?: KnativeCondition[];
    latestCreatedRevisionName?: string;
    latestReadyRevisionName?: string;
    observedGeneration?: number;
    traffic?: KnativeTarget[];
  };
};
