import { decode, type Json } from '../protocol/descriptors.ts';
import {
  ALL_TO_LATEST,
  isLatest,
  type KnativeExtras,
  shortName,
  type TrafficStatusJson,
  type TrafficTargetJson,
} from '../service/resources.ts';
import type { StoredService } from '../service/stored-service.ts';
import { annotationsFromFields, fieldsFromAnnotations, SERVICE_ANNOTATIONS } from './annotations.ts';
import { conditionsToKnative } from './conditions.ts';
import { partition, templateFromKnative, templateToKnative } from './template.ts';
import type { KnativeService, KnativeTarget } from './types.ts';

const SERVICE = 'google.cloud.run.v2.Service';

// Annotations and labels that the platform writes. A caller's values for them are ignored.
const SERVER_ANNOTATIONS = [
  'run.googleapis.com/ingress-status',
  'run.googleapis.com/operation-id',
  'run.googleapis.com/urls',
  'serving.knative.dev/creator',
  'serving.knative.dev/lastModifier',
];
const LOCATION_LABEL = 'cloud.googleapis.com/location';

/** The fields of a v2 service that a call of Knative v1 can change, as a field mask. */
export const KNATIVE_MASK = [
  'labels,annotations,template,traffic',
  'ingress,description,client,clientVersion,launchStage,scaling',
  'invokerIamDisabled,defaultUriDisabled,customAudiences',
].join();

/**
 * Translates a v1 service to v2. Fields that v2 does not have are returned separately. Throws a 400 for unknown fields.
 */
export function serviceFromKnative({ metadata, spec }: KnativeService): {
  fields: Json;
  knative: KnativeExtras;
} {
  const { [LOCATION_LABEL]: _, ...labels } = metadata.labels ?? {};
  const annotations = partition(without(metadata.annotations ?? {}, SERVER_ANNOTATIONS));
  const { template, knative } = templateFromKnative(spec.template);
  const fields: Json = {
    labels,
    annotations: annotations.free,
    template,
    traffic: (spec.traffic ?? []).map(targetFromKnative),
  };
  return {
    fields: decode(SERVICE, fieldsFromAnnotations(fields, annotations.reserved, SERVICE_ANNOTATIONS)),
    knative: { annotations: annotations.reserved, ...knative },
  };
}

/** A service in Knative v1's format, as `gcloud run services describe` gets it. */
export function serviceToKnative({ json, knative }: StoredService, project: string) {
  const latestReady = json.latestReadyRevision && shortName(json.latestReadyRevision);
  const settings = annotationsFromFields(json, knative.annotations, SERVICE_ANNOTATIONS);
  const ingress = settings['run.googleapis.com/ingress'];
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
      labels: { ...json.labels, [LOCATION_LABEL]: json.name.split('/')[3] ?? '' },
      annotations: {
        ...settings,
        ...json.annotations,
        ...(ingress && { 'run.googleapis.com/ingress-status': ingress }),
        'run.googleapis.com/urls': JSON.stringify([json.uri]),
        'serving.knative.dev/creator': json.creator,
        'serving.knative.dev/lastModifier': json.lastModifier,
      },
    },
    spec: {
      template: templateToKnative(json.template, knative),
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

/** The version that Knative v1 uses for optimistic locking: it changes with every change of the resource. */
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

function without(entries: Readonly<Record<string, string>>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => !keys.includes(key)));
}
