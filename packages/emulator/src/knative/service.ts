import {
  ALL_TO_LATEST,
  type ConditionJson,
  isLatest,
  shortName,
  type TrafficStatusJson,
  type TrafficTargetJson,
} from '../service/resources.ts';
import type { StoredService } from '../service/store.ts';
import { templateToKnative } from './template.ts';
import type { KnativeTarget } from './types.ts';

/** A service in Knative v1's words, as `gcloud run services describe` gets it. */
export function serviceToKnative({ json, knative }: StoredService, project: string) {
  const latestReady = json.latestReadyRevision && shortName(json.latestReadyRevision);
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      name: shortName(json.name),
      namespace: project,
      selfLink: `/apis/serving.knative.dev/v1/namespaces/${project}/services/${shortName(json.name)}`,
      uid: json.uid,
      resourceVersion: resourceVersion(json.etag),
      generation: Number(json.generation),
      creationTimestamp: json.createTime,
      labels: { ...json.labels, 'cloud.googleapis.com/location': json.name.split('/')[3] ?? '' },
      annotations: {
        ...knative.annotations,
        ...json.annotations,
        'run.googleapis.com/urls': JSON.stringify([json.uri]),
        'serving.knative.dev/creator': json.creator,
        'serving.knative.dev/lastModifier': json.lastModifier,
      },
    },
    spec: {
      template: templateToKnative(json.template, {
        annotations: knative.templateAnnotations,
        labels: knative.templateLabels,
      }),
      traffic: (json.traffic.length === 0 ? [ALL_TO_LATEST] : json.traffic).map(targetToKnative),
    },
    status: {
      observedGeneration: Number(json.observedGeneration),
      conditions: conditionsToKnative([json.terminalCondition, ...json.conditions]),
      ...(json.latestCreatedRevision && { latestCreatedRevisionName: shortName(json.latestCreatedRevision) }),
      ...(latestReady && { latestReadyRevisionName: latestReady }),
      traffic: json.trafficStatuses.map((target) => servedToKnative(target, latestReady)),
      url: json.uri,
      address: { url: json.uri },
    },
  };
}

/** The optimistic lock of Knative v1: any change of the resource changes it. */
export function resourceVersion(etag: string): string {
  return etag.replaceAll('"', '');
}

export function targetFromKnative({
  latestRevision,
  revisionName,
  percent,
  tag,
}: KnativeTarget): TrafficTargetJson {
  return {
    ...(latestRevision
      ? { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' as const }
      : { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const, revision: revisionName ?? '' }),
    ...(percent !== undefined && { percent }),
    ...(tag !== undefined && { tag }),
  };
}

function targetToKnative(target: TrafficTargetJson): KnativeTarget {
  return {
    ...(isLatest(target) ? { latestRevision: true } : { revisionName: target.revision ?? '' }),
    ...(target.percent && { percent: target.percent }),
    ...(target.tag && { tag: target.tag }),
  };
}

function servedToKnative(target: TrafficStatusJson, latestReady: string | undefined): KnativeTarget {
  const revisionName = isLatest(target) ? latestReady : target.revision;
  return {
    ...targetToKnative(target),
    ...(revisionName && { revisionName }),
    ...(target.uri && { url: target.uri }),
  };
}

const STATUS: Record<ConditionJson['state'], string> = {
  CONDITION_SUCCEEDED: 'True',
  CONDITION_FAILED: 'False',
  CONDITION_PENDING: 'Unknown',
  CONDITION_RECONCILING: 'Unknown',
};

export function conditionsToKnative(conditions: readonly ConditionJson[]) {
  return conditions.map(({ type, state, message, reason, revisionReason, lastTransitionTime }) => ({
    lastTransitionTime,
    status: STATUS[state],
    type,
    ...((reason ?? revisionReason) && { reason: pascalCase(reason ?? revisionReason ?? '') }),
    ...(message && { message }),
  }));
}

// v1 spells its reasons HealthCheckContainerError where v2 has HEALTH_CHECK_CONTAINER_ERROR.
function pascalCase(reason: string): string {
  return reason
    .toLowerCase()
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}
