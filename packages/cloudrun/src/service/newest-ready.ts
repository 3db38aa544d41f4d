import type { ServiceApi } from './api.ts';
import { readRevisionIfThere } from './named-revision.ts';
import type { Revision, Service } from './service.ts';

/**
 * The newest revision that is ready. Usually the service lists it as its latest ready one. But for a revision that was
 * deployed without traffic, that list may lag behind (https://github.com/mishrasanjeev/agentic-org/pull/606), so the
 * newest revision is asked itself.
 */
export async function newestReadyRevision(
  api: ServiceApi,
  { latestCreatedRevision: created, latestReadyRevision: ready }: Service,
): Promise<Revision | undefined> {
  const newest = created === undefined ? undefined : await readRevisionIfThere(api, created);
  if (newest?.ready.state === 'succeeded' || created === ready) return newest;
  return ready === undefined ? undefined : readRevisionIfThere(api, ready);
}
