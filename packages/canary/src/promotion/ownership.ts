import { UserError } from '@deploy/cli';
import { changedBy, describeShares, type Service, sharesOf } from '@deploy/cloudrun';
import { isItsTraffic, type Owner, type PromotionState, promotionOn, splitOf } from './bookkeeping.ts';

/** Somebody else has changed the service or taken over the promotion, so nothing more may be touched. */
export class Superseded extends UserError {
  constructor(message: string) {
    super(message, { exitCode: 3 });
  }
}

/** Who wants to run the promotion, and how they can find out whether a process on this machine still exists. */
export type Walker = {
  readonly account: string;
  readonly host: string;
  readonly pid: number;
  isRunning(pid: number): boolean;
};

/** Throws a UserError when somebody else is running this promotion, or may still be. */
export function requireUnowned(
  { owner, canary, startedAt }: PromotionState,
  walker: Walker,
  { nowMs, takeOver }: { nowMs: number; takeOver: boolean },
): void {
  if (owner === undefined || takeOver || isGone(owner, walker, nowMs)) return;
  const since = new Date(startedAt).toISOString();
  throw new UserError(
    `${owner.account} is promoting ${canary} on ${owner.host} (process ${owner.pid}) since ${since}; two promotions at once would undo each other`,
    {
      hint: `If that one is gone, its promotion can be resumed from ${new Date(owner.until).toISOString()} on, and at once with CANARY_TAKE_OVER=1. Nothing was changed.`,
    },
  );
}

/**
 * Throws Superseded unless the service is still as this promotion left it: with the same runner, the same split, and the
 * template that it found.
 */
export function requireUndisturbed(now: Service, ownerId: string, template: string): PromotionState {
  const state = promotionOn(now);
  if (state === undefined)
    throw new Superseded(`${changedBy(now)}: the promotion that it remembered is no longer there`);
  if (!isItsTraffic(now, state)) {
    const traffic = describeShares(sharesOf(now.traffic, now.latestReadyRevision));
    throw new Superseded(`${changedBy(now)}: traffic is ${traffic}, not ${describeShares(splitOf(state))}`);
  }
  if (state.owner?.id !== ownerId) {
    const who = state.owner === undefined ? 'somebody' : `${state.owner.account} on ${state.owner.host}`;
    throw new Superseded(`${who} took this promotion over`);
  }
  if (JSON.stringify(now.template) !== template) {
    throw new Superseded(
      `${changedBy(now)}: there is a new template, of which the newest revision is ${now.latestCreatedRevision}`,
    );
  }
  return state;
}

function isGone(owner: Owner, walker: Walker, nowMs: number): boolean {
  return nowMs > owner.until || (owner.host === walker.host && !walker.isRunning(owner.pid));
}
