import { findIngressContainer } from './ingress-container.ts';
import { nonceOf } from './nonce.ts';
import type { Container, RevisionTemplate } from './template.ts';
import type { TrafficSplit, TrafficTarget } from './traffic.ts';

/** What the platform says about one aspect of a resource. */
export type Condition = {
  type: string;
  state: 'pending' | 'reconciling' | 'failed' | 'succeeded' | 'unknown';
  reason: string | undefined;
  message: string | undefined;
};

/** A traffic target as it is served now, with the URL of its tag. */
export type ServedTarget = TrafficTarget & { url?: string };

/** A service as read at one moment. While it is `reconciling`, the served split may lag behind the requested one. */
export type Service = {
  name: string;
  /** Tells this service from another one that was made under the same name after this one was deleted. */
  uid: string;
  /** The platform's count of accepted changes. */
  generation: number;
  /** The generation that the observed state belongs to. */
  observedGeneration: number;
  reconciling: boolean;
  etag: string;
  /** The service's own URL; undefined if it has none, because that was turned off. */
  url: string | undefined;
  /** Whether requests from anywhere reach the service's own URL, and not only those from inside. */
  isOpenToAll: boolean;
  /** Who made the last change, and when (RFC 3339). */
  lastModifier: string;
  updateTime: string;
  template: RevisionTemplate;
  /** The annotations that users have set on the service itself, not on its template. */
  annotations: Readonly<Record<string, string>>;
  /**
   * The image of the template's ingress container: what the next revision will run, not necessarily what serves. Empty
   * when it is unclear which container that is.
   */
  image: string;
  /** The split that was requested. */
  traffic: TrafficSplit;
  /** The split that is served. */
  served: readonly ServedTarget[];
  /** Short names, without `projects/…/revisions/`; undefined until the first revision exists. */
  latestCreatedRevision: string | undefined;
  latestReadyRevision: string | undefined;
  ready: Condition;
  /**
   * When the platform sent this, in milliseconds since 1970 by its own clock, or by this machine's if it did not say. To
   * be compared with times that are stored on the service: the machine's clock may be wrong.
   */
  readAt: number;
};

export type Revision = {
  name: string;
  image: string;
  reconciling: boolean;
  ready: Condition;
  createTime: string;
  /** Who made the revision; undefined when the platform does not say. */
  creator: string | undefined;
  /** The nonce of the write that made the revision, if it has one. */
  nonce: string | undefined;
  /**
   * The revision's configuration as a template. Admin v2 does not show all of it, so to make the same revision again,
   * use the template of a `RunningRevision`.
   */
  template: RevisionTemplate;
};

/**
 * A revision with all that it really runs, so that deploying its `template` would make the same revision again under
 * another name.
 */
export type RunningRevision = Revision & {
  /**
   * The digest that the ingress container runs (`host/path@sha256:…`), resolved when the revision was made. The image's
   * tag may have moved since. Undefined when Knative v1, which alone knows the digest, does not report it.
   */
  imageDigest: string | undefined;
};

type ApiTarget = { type?: string; revision?: string; percent?: number; tag?: string };
type ApiServedTarget = ApiTarget & { uri?: string };
export type ApiCondition = {
  type?: string;
  state?: string;
  message?: string;
  reason?: string;
  revisionReason?: string;
  executionReason?: string;
};

/** Services and revisions as Admin API v2 sends them: int64 is text, enums are names, times are RFC 3339. */
export type ApiService = {
  name?: string;
  uid?: string;
  generation?: string;
  observedGeneration?: string;
  reconciling?: boolean;
  etag?: string;
  uri?: string;
  ingress?: string;
  lastModifier?: string;
  updateTime?: string;
  template?: RevisionTemplate;
  annotations?: Record<string, string>;
  traffic?: ApiTarget[];
  trafficStatuses?: ApiServedTarget[];
  latestCreatedRevision?: string;
  latestReadyRevision?: string;
  terminalCondition?: ApiCondition;
};
export type ApiRevision = {
  name?: string;
  labels?: Record<string, string>;
  containers?: Container[];
  reconciling?: boolean;
  conditions?: ApiCondition[];
  createTime?: string;
  creator?: string;
  [field: string]: unknown;
};

/**
 * The fields of a revision that only Knative v1 has:
 * https://cloud.google.com/run/docs/reference/rest/v1/namespaces.revisions
 */
export type KnativeRevision = {
  metadata?: { annotations?: Record<string, string> };
  status?: { imageDigest?: string };
};

export function readService(service: ApiService, readAt = Date.now()): Service {
  return {
    name: shortName(service.name) ?? '',
    uid: service.uid ?? '',
    generation: Number(service.generation ?? 0),
    observedGeneration: Number(service.observedGeneration ?? 0),
    reconciling: service.reconciling ?? false,
    etag: service.etag ?? '',
    url: service.uri || undefined,
    isOpenToAll: !CLOSED.includes(service.ingress ?? ''),
    lastModifier: service.lastModifier || 'somebody',
    updateTime: readTime(service.updateTime),
    template: service.template ?? {},
    annotations: service.annotations ?? {},
    image: findIngressContainer(service.template ?? {})?.image ?? '',
    traffic: (service.traffic ?? []).map(readTarget),
    served: (service.trafficStatuses ?? []).map(readServedTarget),
    latestCreatedRevision: shortName(service.latestCreatedRevision),
    latestReadyRevision: shortName(service.latestReadyRevision),
    ready: readCondition(service.terminalCondition),
    readAt,
  };
}

// IngressTraffic in google/cloud/run/v2/vendor_settings.proto.
const CLOSED = [
  'INGRESS_TRAFFIC_INTERNAL_ONLY',
  'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER',
  'INGRESS_TRAFFIC_NONE',
];

export function readRevision(revision: ApiRevision): Revision {
  const ready = revision.conditions?.find(({ type }) => type === 'Ready');
  return {
    name: shortName(revision.name) ?? '',
    image: findIngressContainer(templateOf(revision))?.image ?? '',
    reconciling: revision.reconciling ?? false,
    ready: readCondition(ready),
    createTime: readTime(revision.createTime),
    creator: revision.creator || undefined,
    nonce: nonceOf(revision),
    template: templateOf(revision),
  };
}

/** Combines what Admin v2 and Knative v1 say about a revision. */
export function readRunningRevision(v2: ApiRevision, v1: KnativeRevision): RunningRevision {
  const isHealthCheckOff = v1.metadata?.annotations?.[HEALTH_CHECK_DISABLED] === 'true';
  return {
    ...readRevision(v2),
    template: { ...templateOf(v2), ...(isHealthCheckOff ? { healthCheckDisabled: true } : {}) },
    imageDigest: v1.status?.imageDigest || undefined,
  };
}

// In gcloud: DISABLE_HEALTH_CHECK_ANNOTATION in api_lib/run/container_resource.py.
const HEALTH_CHECK_DISABLED = 'run.googleapis.com/health-check-disabled';

/**
 * Fields that a Revision has but a RevisionTemplate does not: those that the platform writes, and the launch stage,
 * which belongs to the service. All other fields have the same names in both (revision.proto, revision_template.proto
 * in google/cloud/run/v2). A field that is added in the future is not listed here, and is therefore sent. That is
 * safer: the platform would refuse a field that does not belong, but nobody would notice one that was left out.
 */
const ONLY_OF_REVISIONS = new Set([
  'name',
  'uid',
  'generation',
  'createTime',
  'updateTime',
  'deleteTime',
  'expireTime',
  'launchStage',
  'service',
  'reconciling',
  'conditions',
  'observedGeneration',
  'logUri',
  'satisfiesPzs',
  'scalingStatus',
  'containerStatuses',
  'creator',
  'etag',
]);

function templateOf(revision: ApiRevision): RevisionTemplate {
  const shared = Object.entries(revision).filter(([field]) => !ONLY_OF_REVISIONS.has(field));
  const { containers, ...template }: RevisionTemplate = Object.fromEntries(shared);
  return containers === undefined ? template : { ...template, containers: containers.map(withoutBuildInfo) };
}

/** `buildInfo` is the only field of a container that the platform writes (google/cloud/run/v2/k8s.min.proto). */
function withoutBuildInfo({ buildInfo: _, ...container }: Container): Container {
  return container;
}

/** A split in the form in which the API expects it. */
export function writeTraffic(split: TrafficSplit): ApiTarget[] {
  return split.map(({ revision, percent, tag }) => ({
    ...(revision === undefined
      ? { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' }
      : { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision }),
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

export function readCondition(condition: ApiCondition | undefined): Condition {
  // The reason is in one of three fields. The other two are missing or end in `_UNDEFINED`.
  const reasons = [condition?.reason, condition?.revisionReason, condition?.executionReason];
  const reason = reasons.find((each) => typeof each === 'string' && !each.endsWith('_UNDEFINED'));
  return {
    type: condition?.type ?? 'Ready',
    state: states[String(condition?.state)] ?? 'unknown',
    reason: typeof reason === 'string' ? reason : undefined,
    message: condition?.message || undefined,
  };
}

/** What a condition says in words: `HEALTH_CHECK_CONTAINER_ERROR: the container …`; empty when it says nothing. */
export function reasonAndMessage({ reason, message }: Pick<Condition, 'reason' | 'message'>): string {
  return [reason, message].filter((part) => part !== undefined).join(': ');
}

/** A time in RFC 3339, cut to milliseconds; the epoch if the text is not a time. */
export function readTime(time: string | undefined): string {
  const at = Date.parse(time ?? '');
  return new Date(Number.isNaN(at) ? 0 : at).toISOString();
}

// The last part of a resource name. Depending on the field, names are full (projects/…/revisions/x) or already short.
export function shortName(name: string | null | undefined): string | undefined {
  return name ? name.slice(name.lastIndexOf('/') + 1) : undefined;
}
