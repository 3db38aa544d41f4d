import { isDeepStrictEqual } from 'node:util';
import { UserError } from '@deploy/cli';
import {
  changedBy,
  describeShares,
  isMadeAnew,
  isSettled,
  madeAnew,
  type Service,
  targetShares,
} from '@deploy/cloudrun';
import { isItsTraffic, type Owner, type PromotionState, promotionOn, splitOf } from './bookkeeping.ts';
import { Superseded } from './superseded.ts';

/** This machine's name, and a way to find out whether one of its processes still exists. */
export type ThisMachine = { readonly host: string; isRunning(pid: number): boolean };

/** Who wants to run the promotion. */
export type Walker = ThisMachine & { readonly account: string; readonly pid: number };

/** Throws a UserError when somebody else is, or may be, running this promotion. */
export function requireUnowned(
  { owner, canary, startedAt }: PromotionState,
  walker: Walker,
  { nowMs, takeOver }: { nowMs: number; takeOver: boolean },
): void {
  if (owner === undefined || takeOver || isGone(owner, walker, nowMs)) return;
  const since = new Date(startedAt).toISOString();
  throw new UserError(
    `${owner.account} has been promoting ${canary} on ${owner.host} (process ${owner.pid}) since ${since}; two promotions at once would undo each other`,
    {
      hint: `Nothing was changed. If that process is gone, its promotion can be resumed after ${new Date(owner.until).toISOString()}, or at once with CANARY_TAKE_OVER=1.`,
    },
  );
}

/** Throws Superseded if the service was deleted and made anew, because nothing on it is this promotion's then. */
export function requireSameService(found: Pick<Service, 'uid'>, now: Service): void {
  if (isMadeAnew(found, now)) throw new Superseded(now, madeAnew);
}

/** Throws Superseded unless this is still the service of `found`, with its template and this promotion's owner and split. */
export function requireUndisturbed(
  now: Service,
  ownerId: string,
  found: Pick<Service, 'uid' | 'template'>,
): PromotionState {
  requireSameService(found, now);
  const state = promotionOn(now);
  if (state === undefined)
    throw new Superseded(now, () => `${changedBy(now)}: its note about this promotion is gone`);
  if (!isItsTraffic(now, state)) {
    const traffic = describeShares(targetShares(now));
    const expected = describeShares(splitOf(state));
    throw new Superseded(now, () => `${changedBy(now)}: traffic is ${traffic}, not ${expected}`);
  }
  if (state.owner?.id !== ownerId) {
    const who = state.owner === undefined ? 'somebody' : `${state.owner.account} on ${state.owner.host}`;
    throw new Superseded(now, () => `${who} took this promotion over`);
  }
  // The fields may come in another order each time, because JSON promises none.
  if (!isDeepStrictEqual(now.template, found.template)) {
    // The message names the new template's revision only once that revision exists. Until then, the newest revision is
    // the promotion's own candidate.
    throw new Superseded(now, (later) =>
      later.latestCreatedRevision === now.latestCreatedRevision && !isSettled(later, later.generation)
        ? `${changedBy(now)}: there is a new template, and its revision is not there yet`
        : `${changedBy(now)}: there is a new template, and its revision is ${later.latestCreatedRevision}`,
    );
  }
  return state;
}

/** Whether an owner is gone: it did not renew its claim in time, or was a process of this machine that has ended. */
export function isGone(owner: Owner, machine: ThisMachine, nowMs: number): boolean {
  return nowMs > owner.until || (owner.host === machine.host && !machine.isRunning(owner.pid));
}
