import type { protos } from '@google-cloud/run';
import { nonceOf } from './nonce.ts';
import type { TrafficSplit, TrafficTarget } from './traffic.ts';

/** The template that new revisions are made from, as the API has it: passed on whole, never picked apart. */
export type RevisionTemplate = protos.google.cloud.run.v2.IRevisionTemplate;

/** What the platform says about one aspect of a resource. */
export type Condition = {
  type: string;
  state: 'pending' | 'reconciling' | 'failed' | 'succeeded' | 'unknown';
  reason: string | undefined;
  message: string | undefined;
};

/** A traffic target as it is served now, with the URL of its tag. */
export type ServedTarget = TrafficTarget & { url?: string };

/** A service as read at one moment. While `reconciling`, what is served may lag behind what is asked for. */
export type Service = {
  name: string;
  /** Counts accepted changes. */
  generation: number;
  /** The generation that what is observed belongs to. */
  observedGeneration: number;
  reconciling: boolean;
  etag: string;
  url: string;
  /** Who made the last change, when (RFC 3339). */
  lastModifier: string;
  updateTime: string;
  template: RevisionTemplate;
  /** Of the service itself, the user's own ones. */
  annotations: Readonly<Record<string, string>>;
  /** Of the template's first container: what the next revision runs, not necessarily what serves. */
  image: string;
  /** As asked for. */
  traffic: TrafficSplit;
  /** As served. */
  served: readonly ServedTarget[];
  /** Short names; undefined when there is none yet. */
  latestCreatedRevision: string | undefined;
  latestReadyRevision: string | undefined;
  ready: Condition;
};

export type Revision = {
  name: string;
  image: string;
  reconciling: boolean;
  ready: Condition;
  createTime: string;
  /** The mark of the write that made it, if it was marked. */
  nonce: string | undefined;
  /** A template that would make the same revision again, under another name. */
  template: RevisionTemplate;
};

type ApiService = protos.google.cloud.run.v2.IService;
type ApiRevision = protos.google.cloud.run.v2.IRevision;
type ApiCondition = protos.google.cloud.run.v2.ICondition;
type ApiTarget = protos.google.cloud.run.v2.ITrafficTarget;
type ApiServedTarget = protos.google.cloud.run.v2.ITrafficTargetStatus;
type ApiTimestamp = protos.google.protobuf.ITimestamp;

export function readService(service: ApiService): Service {
  return {
    name: shortName(service.name) ?? '',
    generation: Number(service.generation ?? 0),
    observedGeneration: Number(service.observedGeneration ?? 0),
    reconciling: service.reconciling ?? false,
    etag: service.etag ?? '',
    url: service.uri ?? '',
    lastModifier: service.lastModifier || 'somebody',
    updateTime: readTime(service.updateTime),
    template: service.template ?? {},
    annotations: service.annotations ?? {},
    image: service.template?.containers?.[0]?.image ?? '',
    traffic: (service.traffic ?? []).map(readTarget),
    served: (service.trafficStatuses ?? []).map(readServedTarget),
    latestCreatedRevision: shortName(service.latestCreatedRevision),
    latestReadyRevision: shortName(service.latestReadyRevision),
    ready: readCondition(service.terminalCondition),
  };
}

export function readRevision(revision: ApiRevision): Revision {
  const ready = revision.conditions?.find(({ type }) => type === 'Ready');
  return {
    name: shortName(revision.name) ?? '',
    image: revision.containers?.[0]?.image ?? '',
    reconciling: revision.reconciling ?? false,
    ready: readCondition(ready),
    createTime: readTime(revision.createTime),
    nonce: nonceOf(revision),
    template: templateOf(revision),
  };
}

// Every field that RevisionTemplate and Revision share (google/cloud/run/v2/revision_template.proto, revision.proto);
// a template's `revision` and `healthCheckDisabled` have no counterpart.
function templateOf(revision: ApiRevision): RevisionTemplate {
  return {
    labels: revision.labels ?? null,
    annotations: revision.annotations ?? null,
    scaling: revision.scaling ?? null,
    vpcAccess: revision.vpcAccess ?? null,
    timeout: revision.timeout ?? null,
    serviceAccount: revision.serviceAccount ?? null,
    containers: revision.containers ?? null,
    volumes: revision.volumes ?? null,
    executionEnvironment: revision.executionEnvironment ?? null,
    encryptionKey: revision.encryptionKey ?? null,
    maxInstanceRequestConcurrency: revision.maxInstanceRequestConcurrency ?? null,
    serviceMesh: revision.serviceMesh ?? null,
    encryptionKeyRevocationAction: revision.encryptionKeyRevocationAction ?? null,
    encryptionKeyShutdownDuration: revision.encryptionKeyShutdownDuration ?? null,
    sessionAffinity: revision.sessionAffinity ?? null,
    nodeSelector: revision.nodeSelector ?? null,
    gpuZonalRedundancyDisabled: revision.gpuZonalRedundancyDisabled ?? null,
  };
}

/** A split in the API's spelling. */
export function writeTraffic(split: TrafficSplit): ApiTarget[] {
  return split.map(({ revision, percent, tag }) => ({
    ...(revision === undefined
      ? { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' as const }
      : { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const, revision }),
    percent,
    ...(tag === undefined ? {} : { tag }),
  }));
}

function readTarget(target: ApiTarget | ApiServedTarget): TrafficTarget {
  return {
    revision:
      target.type === 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' ? undefined : shortName(target.revision),
    percent: target.percent ?? 0,
    ...(target.tag ? { tag: target.tag } : {}),
  };
}

function readServedTarget(target: ApiServedTarget): ServedTarget {
  return { ...readTarget(target), ...(target.uri ? { url: target.uri } : {}) };
}

const states: Record<string, Condition['state']> = {
  CONDITION_PENDING: 'pending',
  CONDITION_RECONCILING: 'reconciling',
  CONDITION_FAILED: 'failed',
  CONDITION_SUCCEEDED: 'succeeded',
};

export function readCondition(condition: ApiCondition | null | undefined): Condition {
  // The reason is a oneof of three enums; unset ones are absent or the enum's UNDEFINED value.
  const reasons = [condition?.reason, condition?.revisionReason, condition?.executionReason];
  const reason = reasons.find((each) => typeof each === 'string' && !each.endsWith('_UNDEFINED'));
  return {
    type: condition?.type ?? 'Ready',
    state: states[String(condition?.state)] ?? 'unknown',
    reason: typeof reason === 'string' ? reason : undefined,
    message: condition?.message || undefined,
  };
}

export function readTime(time: ApiTimestamp | null | undefined): string {
  return new Date(Number(time?.seconds ?? 0) * 1000 + Number(time?.nanos ?? 0) / 1e6).toISOString();
}

// Resource names come whole (projects/…/revisions/x) or short, depending on the field.
export function shortName(name: string | null | undefined): string | undefined {
  return name ? name.slice(name.lastIndexOf('/') + 1) : undefined;
}
