import { setTimeout as pause } from 'node:timers/promises';
import { interruptible, UserError } from '@deploy/cli';
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

// The platform updates each resource separately, so a revision may report later than its service that it is ready.
const READY_PATIENCE_MS = 30_000;
const POLL_MS = 1000;

/**
 * Waits a moment if the service has settled but its new revision has not yet reported whether it is ready. Throws a
 * UserError if the revision is not ready, with the platform's own reason and with what serves instead.
 */
export async function requireReadyRevision(
  api: ServiceApi,
  made: Revision,
  { before, settled }: { before: Service; settled: Service },
): Promise<void> {
  const revision = settled.ready.state === 'failed' ? made : await decided(api, made, settled);
  if (revision.ready.state === 'succeeded') return;
  const serving = describeShares(servedShares(settled));
  const wasServing = describeShares(servedShares(before));
  const traffic =
    serving === wasServing
      ? `Traffic is untouched (${serving}), so no rollback is needed`
      : `Traffic went from ${wasServing} to ${serving}`;
  // The revision's own condition has the most detail, but some failures appear only on the service.
  const isOnService = revision.ready.message === undefined && settled.ready.state !== 'succeeded';
  const condition = isOnService ? settled.ready : revision.ready;
  throw new UserError(`revision ${revision.name} did not become ready: ${describeCondition(condition)}`, {
    hint: `${traffic}. Fix what keeps it from starting (see its logs), then run this again.`,
  });
}

/** Reads the revision until it reports whether it is ready, or for half a minute. */
async function decided(api: ServiceApi, made: Revision, { generation }: Service): Promise<Revision> {
  const deadline = performance.now() + READY_PATIENCE_MS;
  let revision = made;
  while (!['succeeded', 'failed'].includes(revision.ready.state) && performance.now() < deadline) {
    revision = await lookAfterChange(api, generation, async () => {
      await interruptible(api.signal, () => pause(POLL_MS));
      return api.readRevision(made.name);
    });
  }
  return revision;
}
