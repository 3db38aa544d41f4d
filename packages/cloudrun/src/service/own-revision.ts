import { UserError } from '@deploy/cli';
import type { ServiceApi } from './api.ts';
import { changedBy } from './change.ts';
import type { Revision, Service } from './service.ts';
import { describeCondition, lookAfterChange } from './settle.ts';
import { describeShares, servedShares } from './traffic.ts';

/** The revision that was made from the template that carries this nonce. Throws a UserError when there is none. */
export async function ownRevision(api: ServiceApi, settled: Service, nonce: string): Promise<Revision> {
  const { latestCreatedRevision: newestName, generation } = settled;
  const found = await lookAfterChange(api, generation, async () => {
    const newest = newestName === undefined ? undefined : await api.readRevision(newestName);
    return newest?.nonce === nonce ? newest : api.findRevision(nonce);
  });
  if (found !== undefined) return found;
  throw new UserError(
    `the platform accepted the change but made no revision from it; since then, ${changedBy(settled)}`,
    { hint: 'Look at the revisions, agree on who goes first, then run this again.' },
  );
}

/** If the revision is not ready, throws a UserError with the platform's own reason, and with what serves instead. */
export function requireReadyRevision(revision: Revision, before: Service, settled: Service): void {
  if (revision.ready.state === 'succeeded') return;
  const serving = describeShares(servedShares(settled));
  const wasServing = describeShares(servedShares(before));
  const traffic =
    serving === wasServing
      ? `Traffic is untouched (${serving}), so no rollback is needed`
      : `Traffic went from ${wasServing} to ${serving}`;
  // The revision's own condition has the most detail, but some failures appear only on the service.
  const condition = revision.ready.message === undefined ? settled.ready : revision.ready;
  throw new UserError(`revision ${revision.name} did not become ready: ${describeCondition(condition)}`, {
    hint: `${traffic}. Fix what keeps it from starting (see its logs), then run this again.`,
  });
}
