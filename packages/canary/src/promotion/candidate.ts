import { UserError } from '@deploy/cli';
import {
  CloudError,
  describeShares,
  findSuccessor,
  isMaintenanceOn,
  isWindowMade,
  laterDeployment,
  newestReadyRevision,
  type Revision,
  readNamedRevision,
  requireNotInMaintenance,
  requireNoWindow,
  type Service,
  type ServiceApi,
  type ServiceLocation,
  serviceCommand,
  stableRevision,
  targetShares,
} from '@deploy/cloudrun';
import {
  candidatePercent,
  failureOf,
  isRecord,
  type PromotionState,
  type RevisionPair,
  unfinishedPromotion,
} from './bookkeeping.ts';

/** A revision that somebody rolled back by hand, and the report that says so. */
export type RolledBack = { readonly revision: string; readonly source: string };

/** What a promotion is about: the service and its two revisions. */
export type Subject = {
  readonly service: Service;
  readonly stable: Revision;
  readonly canary: Revision;
  /** The unfinished promotion of this candidate that is noted on the service, to be resumed; undefined if there is none. */
  readonly unfinished: PromotionState | undefined;
};

export function pairOf({ stable, canary }: Subject): RevisionPair {
  return { stable: stable.name, canary: canary.name };
}

/**
 * Finds the stable revision and the candidate: those of the promotion that is stored on the service, or else the
 * revision with all the traffic and the newest ready revision without any. Revisions that were made by opening or
 * closing a maintenance window do not count. Throws a UserError when there is no such pair, when the candidate was
 * rolled back before, or when a maintenance window is open.
 */
export async function findSubject(
  api: ServiceApi,
  service: Service,
  { skipMaintenanceCheck, ...wanted }: Wanted & { skipMaintenanceCheck: boolean },
): Promise<Subject> {
  const requireClosed = async () => (skipMaintenanceCheck ? undefined : requireNoWindow(api, service));
  let subject: Subject;
  try {
    subject = await findPair(api, service, wanted);
  } catch (error) {
    // If a maintenance window is open, report that instead of this error: the window is the real reason, and the advice
    // in the error would make things worse.
    if (error instanceof UserError && !(error instanceof CloudError)) await requireClosed();
    throw error;
  }
  if (subject.unfinished !== undefined || skipMaintenanceCheck) return subject;
  if (isMaintenanceOn(subject.stable.template)) await requireClosed();
  await requireNotInMaintenance(api, service, subject.canary);
  return subject;
}

/** Whether session affinity is on for both revisions, so that a session stays with the process that began it. */
export function hasAffinity({ stable, canary }: Subject): boolean {
  return [stable, canary].every(({ template }) => template.sessionAffinity === true);
}

/** Whether the same instance of the candidate answers all requests of one client. */
export function isOneInstance({ canary }: Subject): boolean {
  const { template } = canary;
  return template.sessionAffinity === true || instanceCount(template, 'maxInstanceCount') === 1;
}

// With room to spare, more requests than the checks have under way at once.
const CHECKS_AT_ONCE = 20;

/**
 * The same while the candidate has no traffic. Then nothing starts a second instance, unless the candidate always has
 * several or an instance takes so few requests at once that the checks alone need several.
 */
export function isOneInstanceAtFirst(subject: Subject): boolean {
  const { template } = subject.canary;
  const least = instanceCount(template, 'minInstanceCount') ?? 0;
  // Zero and a missing number both stand for the platform's default, which is 80 in most cases:
  // https://cloud.google.com/run/docs/about-concurrency
  const atOnce = Number(template.maxInstanceRequestConcurrency ?? 0);
  return isOneInstance(subject) || (least <= 1 && (atOnce === 0 || atOnce >= CHECKS_AT_ONCE));
}

function instanceCount(
  { scaling }: Revision['template'],
  which: 'minInstanceCount' | 'maxInstanceCount',
): number | undefined {
  const count = isRecord(scaling) ? scaling[which] : undefined;
  return typeof count === 'number' ? count : undefined;
}

type Wanted = { named: string | undefined; retry: boolean; rolledBack?: RolledBack | undefined };

async function findPair(
  api: ServiceApi,
  service: Service,
  { named, retry, rolledBack }: Wanted,
): Promise<Subject> {
  const noted = unfinishedPromotion(service);
  // As long as a promotion has moved no traffic, it can be given up for another candidate without further ado.
  const begun = noted !== undefined && candidatePercent(noted) > 0 ? noted : undefined;
  if (begun !== undefined && named !== undefined && named !== begun.canary) {
    const { stable, canary } = begun;
    throw new UserError(
      `a promotion of ${canary} is at ${candidatePercent(begun)} %, and ${named} cannot be promoted at the same time`,
      { hint: `Finish that promotion first (promote ${canary}), or roll it back: rollback ${stable}` },
    );
  }
  if (begun !== undefined && named === undefined) await requireNoLater(api, service, begun);
  const stableName = begun?.stable ?? requireStable(api.location, service, named);
  const canaryName = begun?.canary ?? named ?? (await newestCandidate(api, service, stableName));
  const unfinished = noted?.canary === canaryName ? noted : undefined;
  if (canaryName === stableName) {
    throw new UserError(`${canaryName} already has all the traffic: there is nothing to promote`, {
      hint: 'Deploy a new revision first, or name the candidate: promote <canary>',
    });
  }
  if (unfinished === undefined && !retry) requireNotRolledBack(service, canaryName, rolledBack);
  const [stable, canary] = await Promise.all([
    api.readRevision(stableName),
    readNamedRevision(api, canaryName, service),
  ]);
  for (const { name, ready } of unfinished === undefined ? [stable, canary] : []) {
    if (ready.state === 'succeeded') continue;
    throw new UserError(`revision ${name} is not ready: ${ready.message ?? ready.reason ?? ready.state}`, {
      hint: 'Nothing was changed. Fix what keeps it from starting, or name another candidate.',
    });
  }
  return { service, stable, canary, unfinished };
}

function requireNotRolledBack(service: Service, canary: string, rolledBack: RolledBack | undefined): void {
  const failed = failureOf(service, canary);
  if (failed === undefined && canary !== rolledBack?.revision) return;
  const how = failed === undefined ? `, by ${rolledBack?.source}` : ` at ${failed.at}: ${failed.why}`;
  throw new UserError(`${canary} was rolled back${how}`, {
    hint: 'Deploy a fixed revision. To try this one again anyway: CANARY_RETRY=1',
  });
}

/**
 * Throws a UserError when another revision was deployed after the candidate of an unfinished promotion. It is then
 * unclear which of the two to promote; the user must name one.
 */
async function requireNoLater(api: ServiceApi, service: Service, unfinished: PromotionState): Promise<void> {
  const { stable, canary } = unfinished;
  const later = await laterDeployment(api, service, { stable, canary });
  if (later === undefined) return;
  const call = (action: string, revision: string) =>
    `  ${serviceCommand(api.location, 'canary-rollout', [action, revision])}`;
  throw new UserError(
    `a promotion of ${canary} is at ${candidatePercent(unfinished)} %, and ${later.name} was deployed after it: say which one to promote`,
    {
      hint: [
        'Nothing was changed. To go on with the older one:',
        call('promote', canary),
        'To give up the older one and promote the newer one:',
        call('rollback', stable),
        call('promote', later.name),
      ].join('\n'),
    },
  );
}

function requireStable(at: ServiceLocation, service: Service, named: string | undefined): string {
  const shares = targetShares(service);
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
    { hint: ['Nothing was changed. First give all the traffic to the stable revision;', ...ways].join('\n') },
  );
}

/**
 * The newest deployed revision that has no traffic. Throws a UserError when all revisions that are newer than the
 * stable one were made by a maintenance window.
 */
async function newestCandidate(api: ServiceApi, service: Service, stable: string): Promise<string> {
  const ready = (await newestReadyRevision(api, service))?.name ?? stable;
  // If nothing newer is ready, take the newest one all the same, so that the user learns why it is not.
  const newest = ready === stable ? (service.latestCreatedRevision ?? stable) : ready;
  if (newest === stable || !isWindowMade(await api.readRevision(newest))) return newest;
  for await (const revision of api.revisions()) {
    if (revision.name === stable) break;
    if (isWindowMade(revision) || revision.ready.state !== 'succeeded') continue;
    // A revision that was deployed while a window was open is in maintenance mode. Closing the window made a copy
    // without maintenance mode, and that copy is the candidate.
    return (await findSuccessor(api, revision))?.name ?? revision.name;
  }
  throw new UserError(
    `${newest} was made by a maintenance window, and nothing has been deployed since ${stable}, which has all the traffic: there is nothing to promote`,
    {
      hint: `Deploy a new revision first. To promote this one anyway, name it:\n  ${serviceCommand(api.location, 'canary-rollout', ['promote', newest])}`,
    },
  );
}
