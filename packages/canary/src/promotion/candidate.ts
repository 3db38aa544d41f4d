import { UserError } from '@deploy/cli';
import {
  CloudError,
  describeShares,
  findSuccessor,
  isMaintenanceOn,
  isWindowMade,
  laterDeployment,
  type Revision,
  readNamedRevision,
  requireNotInMaintenance,
  requireNoWindow,
  type Service,
  type ServiceApi,
  type ServiceLocation,
  serviceCommand,
  sharesOf,
  stableRevision,
} from '@deploy/cloudrun';
import { candidatePercent, failureOf, type PromotionState, unfinishedPromotion } from './bookkeeping.ts';

/** A revision that was rolled back by hand, and the report that says so. */
export type RolledBack = { readonly revision: string; readonly source: string };

/** The subject of a promotion: a new one, or one to resume. */
export type Subject = {
  readonly service: Service;
  readonly stable: Revision;
  readonly canary: Revision;
  /** The unfinished promotion on the service. */
  readonly left: PromotionState | undefined;
};

/**
 * Finds the stable revision and the candidate: those of the promotion that is stored on the service, or else the
 * revision with all the traffic and the newest ready revision without any. Revisions of maintenance windows do not
 * count. Throws a UserError when there is no such pair, when the candidate has failed before, or when a maintenance
 * window is open.
 */
export async function findSubject(
  api: ServiceApi,
  service: Service,
  { skipMaintenanceCheck = false, ...wanted }: Wanted & { skipMaintenanceCheck?: boolean },
): Promise<Subject> {
  const requireClosed = async () => (skipMaintenanceCheck ? undefined : requireNoWindow(api, service));
  let subject: Subject;
  try {
    subject = await findPair(api, service, wanted);
  } catch (error) {
    // If a window is open, report that instead: it is the real reason, and following the advice of the first error
    // would make things worse.
    if (error instanceof UserError && !(error instanceof CloudError)) await requireClosed();
    throw error;
  }
  if (subject.left !== undefined || skipMaintenanceCheck) return subject;
  if (isMaintenanceOn(subject.stable.template)) await requireClosed();
  await requireNotInMaintenance(api, service, subject.canary);
  return subject;
}

/** Whether a session stays with the process that began it, on both revisions. */
export function hasAffinity({ stable, canary }: Subject): boolean {
  return [stable, canary].every(({ template }) => template.sessionAffinity === true);
}

type Wanted = { named: string | undefined; retry: boolean; rolledBack?: RolledBack | undefined };

async function findPair(
  api: ServiceApi,
  service: Service,
  { named, retry, rolledBack }: Wanted,
): Promise<Subject> {
  const left = unfinishedPromotion(service);
  if (left !== undefined && named !== undefined && named !== left.canary) {
    throw new UserError(
      `a promotion of ${left.canary} is at ${candidatePercent(left)} %, and ${named} cannot be promoted at the same time`,
      { hint: `Finish that one first (promote ${left.canary}), or roll it back: rollback ${left.stable}` },
    );
  }
  if (left !== undefined && named === undefined) await requireNoLater(api, service, left);
  const stableName = left?.stable ?? requireStable(api.location, service, named);
  const canaryName = left?.canary ?? named ?? (await newestCandidate(api, service, stableName));
  if (canaryName === stableName) {
    throw new UserError(`${canaryName} already has all the traffic: there is nothing to promote`, {
      hint: 'Deploy a new revision first, or name the candidate: promote <canary>',
    });
  }
  const failed = left === undefined ? failureOf(service, canaryName) : undefined;
  if (failed !== undefined && !retry) {
    throw new UserError(`${canaryName} was rolled back at ${failed.at}: ${failed.why}`, {
      hint: 'Deploy a fixed one. To try this one again anyway: CANARY_RETRY=1',
    });
  }
  if (left === undefined && canaryName === rolledBack?.revision && !retry) {
    throw new UserError(`${canaryName} was rolled back, by ${rolledBack.source}`, {
      hint: 'Deploy a fixed one. To try this one again anyway: CANARY_RETRY=1',
    });
  }
  const [stable, canary] = await Promise.all([
    api.readRevision(stableName),
    readNamedRevision(api, canaryName, service),
  ]);
  for (const { name, ready } of left === undefined ? [stable, canary] : []) {
    if (ready.state === 'succeeded') continue;
    throw new UserError(`revision ${name} is not ready: ${ready.message ?? ready.reason ?? ready.state}`, {
      hint: 'Nothing was changed. Fix what keeps it from starting, or name another candidate.',
    });
  }
  return { service, stable, canary, left };
}

/** Without a name, an unfinished promotion goes on only if it is still clear that its candidate is meant. */
async function requireNoLater(api: ServiceApi, service: Service, left: PromotionState): Promise<void> {
  const { stable, canary } = left;
  const later = await laterDeployment(api, service, { stable, canary });
  if (later === undefined) return;
  const call = (action: string, revision: string) =>
    `  ${serviceCommand(api.location, 'canary-rollout', [action, revision])}`;
  throw new UserError(
    `a promotion of ${canary} is at ${candidatePercent(left)} %, and ${later.name} was deployed after it: say which one to promote`,
    {
      hint: [
        'Nothing was changed. To go on with the older one:',
        call('promote', canary),
        'To give that up and promote the newer one:',
        call('rollback', stable),
        call('promote', later.name),
      ].join('\n'),
    },
  );
}

function requireStable(at: ServiceLocation, service: Service, named: string | undefined): string {
  const shares = sharesOf(service.traffic, service.latestReadyRevision);
  const stable = stableRevision(shares);
  if (stable !== undefined) return stable;
  const ways = shares
    .filter(({ revision }) => revision !== named)
    .map(
      ({ revision, percent }) =>
        `if that is ${revision}, which has ${percent} %:\n  ${serviceCommand(at, 'canary-rollout', ['rollback', revision])}`,
    );
  throw new UserError(
    `no revision of ${service.name} holds all the traffic (${describeShares(shares)}), so it is unclear which one is stable`,
    { hint: ['Nothing was changed. Give the stable one all the traffic first;', ...ways].join('\n') },
  );
}

/**
 * The newest revision that was deployed and has no traffic. Throws a UserError when only revisions of a maintenance
 * window are left.
 */
async function newestCandidate(api: ServiceApi, service: Service, stable: string): Promise<string> {
  const newest = newestReady(service, stable);
  if (newest === stable || !isWindowMade(await api.readRevision(newest))) return newest;
  for await (const revision of api.revisions()) {
    if (revision.name === stable) break;
    if (isWindowMade(revision) || revision.ready.state !== 'succeeded') continue;
    // A revision that was deployed while a window was open is in maintenance mode. Closing the window made a copy of it
    // that is not: that one is the candidate.
    return (await findSuccessor(api, revision))?.name ?? revision.name;
  }
  throw new UserError(
    `${newest} was made by a maintenance window, and nothing was deployed since ${stable}, which has all the traffic: there is nothing to promote`,
    {
      hint: `Deploy a new revision first. To promote this one all the same, name it:\n  ${serviceCommand(api.location, 'canary-rollout', ['promote', newest])}`,
    },
  );
}

/** With `--no-traffic`, the latest ready revision may lag behind the latest created one for a while. */
function newestReady(service: Service, stable: string): string {
  const { latestReadyRevision, latestCreatedRevision } = service;
  if (latestReadyRevision !== undefined && latestReadyRevision !== stable) return latestReadyRevision;
  return latestCreatedRevision ?? stable;
}
