import type { FrontEnd } from '../network/front-end.ts';
import type { KnativeExtras, ServiceJson } from './resources.ts';
import type { StoredRevision } from './revisions.ts';

/** A service with everything that belongs to it. */
export type StoredService = {
  json: ServiceJson;
  revisions: StoredRevision[];
  frontEnd: FrontEnd;
  knative: KnativeExtras;
};
