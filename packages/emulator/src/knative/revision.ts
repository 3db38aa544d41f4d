import { shortName } from '../service/resources.ts';
import type { StoredRevision } from '../service/revisions.ts';
import { conditionsToKnative } from './conditions.ts';
import { templateToKnative } from './template.ts';

export function revisionToKnative(revision: StoredRevision, project: string) {
  const { name, json, template, knative, imageDigest } = revision;
  const { metadata, spec } = templateToKnative(template, knative);
  const service = shortName(json.service);
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Revision',
    metadata: {
      ...metadata,
      name,
      namespace: project,
      creationTimestamp: json.createTime,
      generation: 1,
      labels: {
        ...metadata?.labels,
        'serving.knative.dev/service': service,
        'serving.knative.dev/configuration': service,
      },
    },
    spec,
    status: {
      observedGeneration: 1,
      conditions: conditionsToKnative(json.conditions),
      ...(imageDigest && { imageDigest }),
    },
  };
}
