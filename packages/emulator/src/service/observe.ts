import {
  ALL_TO_LATEST,
  type ConditionJson,
  condition,
  isLatest,
  type ServiceJson,
  type TrafficStatusJson,
  type TrafficTargetJson,
} from './resources.ts';
import { newEtag, type StoredRevision } from './revisions.ts';
import type { StoredService } from './stored-service.ts';

/**
 * The service once its newest generation has succeeded or failed, with its new conditions, latest revisions and
 * traffic. If the desired split cannot be served, or `whyNotRouted` says that routing failed, the earlier split keeps
 * serving. The spec shows the desired split in any case.
 */
export function observe(
  { json, revisions, frontEnd }: StoredService,
  { whyNotRouted, latestReadyLags }: { whyNotRouted?: string; latestReadyLags: boolean },
): ServiceJson {
  const newest = revisions.at(-1);
  const latestReady = revisions.findLast(({ state }) => state === 'ready');
  const configured = configurationCondition(newest);
  const wanted = json.traffic.length === 0 ? [ALL_TO_LATEST] : json.traffic;
  const isRouted = wanted.some(
    (target) => isLatest(target) || (target.percent && target.revision === newest?.name),
  );
  const listed = latestReadyLags && !isRouted ? json.latestReadyRevision : undefined;
  const unroutable =
    whyNotRouted ??
    wanted.map((target) => whyUnroutable(target, revisions, latestReady)).find((why) => why !== undefined);
  const routed =
    unroutable === undefined
      ? condition('RoutesReady', 'CONDITION_SUCCEEDED')
      : condition('RoutesReady', 'CONDITION_FAILED', { reason: 'REVISION_FAILED', message: unroutable });
  const failed = [configured, routed].find(({ state }) => state === 'CONDITION_FAILED');
  // https://cloud.google.com/run/docs/securing/ingress#disable-url
  const hasUrl = json.defaultUriDisabled !== true;
  const tagUrl = (tag: string) => (hasUrl ? frontEnd.tagUrl(tag) : undefined);
  return {
    ...json,
    uri: hasUrl ? frontEnd.url : '',
    urls: hasUrl ? [frontEnd.url] : [],
    reconciling: false,
    observedGeneration: json.generation,
    conditions: [routed, configured],
    terminalCondition:
      failed === undefined ? condition('Ready', 'CONDITION_SUCCEEDED') : { ...failed, type: 'Ready' },
    ...(newest && { latestCreatedRevision: newest.json.name }),
    ...(latestReady && { latestReadyRevision: listed ?? latestReady.json.name }),
    trafficStatuses:
      unroutable === undefined ? wanted.map((target) => served(target, tagUrl)) : json.trafficStatuses,
    etag: newEtag(),
  };
}

function configurationCondition(newest: StoredRevision | undefined): ConditionJson {
  const [ready] = newest?.json.conditions ?? [];
  if (newest?.state !== 'failed' || ready === undefined)
    return condition('ConfigurationsReady', 'CONDITION_SUCCEEDED');
  return condition('ConfigurationsReady', 'CONDITION_FAILED', {
    reason: 'REVISION_FAILED',
    ...(ready.message && { message: ready.message }),
  });
}

function whyUnroutable(
  target: TrafficTargetJson,
  revisions: readonly StoredRevision[],
  latestReady: StoredRevision | undefined,
): string | undefined {
  if (isLatest(target)) return latestReady === undefined ? 'The service has no ready revision.' : undefined;
  const revision = revisions.find(({ name }) => name === target.revision);
  if (revision === undefined) return `Revision '${target.revision}' was not found.`;
  return revision.state === 'ready'
    ? undefined
    : `Revision '${revision.name}' is not ready and cannot serve traffic.`;
}

function served(target: TrafficTargetJson, tagUrl: (tag: string) => string | undefined): TrafficStatusJson {
  const uri = target.tag === undefined ? undefined : tagUrl(target.tag);
  return { ...target, ...(uri === undefined ? {} : { uri }) };
}
