import { UserError } from '@deploy/cli';
import {
  describeShares,
  type Revision,
  readNamedRevision,
  type Service,
  type ServiceApi,
  sharesOf,
  stableRevision,
} from '@deploy/cloudrun';
import { failureOf, isItsTraffic, type PromotionState, promotionOn } from './bookkeeping.ts';

/** The subject of a promotion: a new one, or one to resume. */
export type Subject = {
  readonly service: Service;
  readonly stable: Revision;
  readonly canary: Revision;
  /** The unfinished promotion on the service. */
  readonly left: PromotionState | undefined;
};

/**
 * Finds stable and candidate: those of the promotion that the service remembers, or else the revision with all the traffic
 * and the newest ready one without any. Throws a UserError when there is no such pair, or when the candidate has failed
 * before.
 */
export async function findSubject(
  api: ServiceApi,
  service: Service,
  { named, retry }: { named: string | undefined; retry: boolean },
): Promise<Subject> {
  const known = promotionOn(service);
  const left = known !== undefined && isItsTraffic(service, known) ? known : undefined;
  if (left !== undefined && named !== undefined && named !== left.canary) {
    throw new UserError(
      `a promotion of ${left.canary} is at ${left.begun.at(-1)?.percent ?? 0} %, and ${named} cannot be promoted at the same time`,
      { hint: `Finish that one first (promote ${left.canary}), or roll it back: rollback ${left.stable}` },
    );
  }
  const stableName = left?.stable ?? requireStable(service);
  const canaryName = left?.canary ?? named ?? newestReady(service, stableName);
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

function requireStable(service: Service): string {
  const shares = sharesOf(service.traffic, service.latestReadyRevision);
  const stable = stableRevision(shares);
  if (stable !== undefined) return stable;
  throw new UserError(
    `no revision of ${service.name} holds all the traffic (${describeShares(shares)}), so it is unclear which one is stable`,
    { hint: 'Give the stable one all the traffic first: rollback <stable>. Nothing was changed.' },
  );
}

/** With `--no-traffic`, the latest ready revision may lag behind the latest created one for a while. */
function newestReady(service: Service, stable: string): string {
  const { latestReadyRevision, latestCreatedRevision } = service;
  if (latestReadyRevision !== undefined && latestReadyRevision !== stable) return latestReadyRevision;
  return latestCreatedRevision ?? stable;
}
