import type { ServiceApi } from '../service/api.ts';
import { isWindowMade } from '../service/nonce.ts';
import type { Revision } from '../service/service.ts';
import { isMaintenanceOn } from './environment.ts';

/**
 * If a revision was deployed during a maintenance window, closing the window makes a copy of it, with the same image
 * but without maintenance mode. Finds that copy. Undefined when there is none, or when the revision is not in
 * maintenance mode.
 */
export async function findSuccessor(api: ServiceApi, revision: Revision): Promise<Revision | undefined> {
  if (!isMaintenanceOn(revision.template)) return undefined;
  for await (const later of api.revisions()) {
    if (later.name === revision.name) return undefined;
    if (!isWindowMade(later) || isMaintenanceOn(later.template) || later.ready.state !== 'succeeded')
      continue;
    const [one, other] = await Promise.all(
      [later.name, revision.name].map((name) => api.readRunningRevision(name)),
    );
    if (one?.imageDigest !== undefined && one.imageDigest === other?.imageDigest) return later;
  }
  return undefined;
}
