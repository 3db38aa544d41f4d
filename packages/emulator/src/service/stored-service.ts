import type { FrontEnd } from '../network/front-end.ts';
import type { KnativeExtras, ServiceJson } from './resources.ts';
import type { StoredRevision } from './revisions.ts';

/** A service with everything that belongs to it. */
export type StoredService = {
  json: ServiceJson;
  revisions: StoredRevision[];
  frontEnd: FrontEnd;
  knative: KnativeExtras;
  /** Set when the service was deleted; a change that is still under way is then dropped. */
  isDeleted?: true;
};
