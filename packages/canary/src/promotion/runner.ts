import { UserError } from '@deploy/cli';
import { type Service, type ServiceLocation, serviceCommand } from '@deploy/cloudrun';
import { candidatePercent, type Owner, type PromotionState, unfinishedPromotion } from './bookkeeping.ts';
import { isGone, type ThisMachine } from './ownership.ts';

export type RunningPromotion = {
  readonly stable: string;
  readonly canary: string;
  /** The current step; 0 before the candidate has any traffic. */
  readonly percent: number;
  readonly startedAt: string;
  readonly by: Pick<Owner, 'account' | 'host' | 'pid'>;
  /** If the process that runs the promotion dies, anyone can resume the promotion after this time. */
  readonly until: string;
};

/** The promotion that somebody is running, or may be running, on a service; undefined when nobody is. */
export function runningPromotion(service: Service, machine: ThisMachine): RunningPromotion | undefined {
  const state = unfinishedPromotion(service);
  if (state?.owner === undefined) return undefined;
  return isGone(state.owner, machine, service.readAt) ? undefined : detailsOf(state, state.owner);
}

/** Throws a UserError while somebody is promoting a candidate, because a deployment would stop the promotion. */
export function requireNoPromotion(
  service: Service,
  { location, machine }: { location: ServiceLocation; machine: ThisMachine },
): void {
  const running = runningPromotion(service, machine);
  if (running === undefined) return;
  const { stable, canary, percent, startedAt, by, until } = running;
  throw new UserError(
    `${by.account} has been promoting ${canary} on ${by.host} (process ${by.pid}) since ${startedAt}, and it is at ${percent} %: a deployment would stop that promotion there`,
    {
      hint: [
        'Nothing was deployed. Wait until the promotion has ended, or agree with its owner to roll it back:',
        `  ${serviceCommand(location, 'canary-rollout', ['rollback', stable])}`,
        `If that process is gone, its promotion counts as stopped after ${until}. To deploy anyway: SKIP_PROMOTION_CHECK=1`,
      ].join('\n'),
    },
  );
}

function detailsOf(state: PromotionState, owner: Owner): RunningPromotion {
  const { stable, canary, startedAt } = state;
  const { account, host, pid, until } = owner;
  return {
    ...{ stable, canary, percent: candidatePercent(state), by: { account, host, pid } },
    startedAt: new Date(startedAt).toISOString(),
    until: new Date(until).toISOString(),
  };
}
