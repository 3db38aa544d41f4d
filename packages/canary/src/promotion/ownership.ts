import { UserError } from '@deploy/cli';
import { changedBy, describeShares, isSettled, type Service, sharesOf } from '@deploy/cloudrun';
import { isItsTraffic, type Owner, type PromotionState, promotionOn, splitOf } from './bookkeeping.ts';
import { Superseded } from './superseded.ts';

/** This machine, and whether a process on it still exists. */
export type ThisMachine = { readonly host: string; isRunning(pid: number): boolean };

/** Who wants to run the promotion. */
export type Walker = ThisMachine & { readonly account: string; readonly pid: number };

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
 * Throws Superseded unless the service is still as this promotion left it: with the same runner, the same split, and
 * the template that it found.
 */
export function requireUndisturbed(now: Service, ownerId: string, template: string): PromotionState {
  const state = promotionOn(now);
  if (state === undefined)
    throw new Superseded(now, () => `${changedBy(now)}: the promotion that it remembered is no longer there`);
  if (!isItsTraffic(now, state)) {
    const traffic = describeShares(sharesOf(now.traffic, now.latestReadyRevision));
    const expected = describeShares(splitOf(state));
    throw new Superseded(now, () => `${changedBy(now)}: traffic is ${traffic}, not ${expected}`);
  }
  if (state.owner?.id !== ownerId) {
    const who = state.owner === undefined ? 'somebody' : `${state.owner.account} on ${state.owner.host}`;
    throw new Superseded(now, () => `${who} took this promotion over`);
  }
  if (JSON.stringify(now.template) !== template) {
    // The new template's revision may not exist yet. The newest revision is then still the promotion's own candidate.
    throw new Superseded(now, (later) =>
      later.latestCreatedRevision === now.latestCreatedRevision && !isSettled(later, later.generation)
        ? `${changedBy(now)}: there is a new template, and its revision is not there yet`
        : `${changedBy(now)}: there is a new template, and its revision is ${later.latestCreatedRevision}`,
    );
  }
  return state;
}

/**
 * Whether a runner no longer exists: it has not renewed its claim in time, or its process on this machine has ended.
 */
export function isGone(owner: Owner, machine: ThisMachine, nowMs: number): boolean {
  return nowMs > owner.until || (owner.host === machine.host && !machine.isRunning(owner.pid));
}
