import { UserError } from '@deploy/cli';
import { serveSameImage, withRunningImage } from '../service/running-image.ts';
import type { Revision, RunningRevision, Service } from '../service/service.ts';
import type { RevisionTemplate } from '../service/template.ts';
import { describeShares, followsLatestOnly, type Share, sharesOf } from '../service/traffic.ts';
import { fulfils, type MaintenanceWish, withWish } from './environment.ts';

/** What there is to decide on. */
export type Situation = {
  service: Service;
  /** Every revision that gets traffic, most traffic first. */
  serving: readonly Revision[];
  /** The first of them, and what it really runs; undefined when nothing serves. */
  base: RunningRevision | undefined;
  newest: NewestTemplate;
  /** What served before the window that is open now moved the traffic; undefined when none did. */
  before: SplitBefore | undefined;
};

/** A split to go back to. */
export type SplitBefore = {
  shares: readonly Share[];
  /** Why going back to it would not end the window; undefined when it would. */
  problem: string | undefined;
};

/** The template that the next deployment is to build on. */
export type NewestTemplate = Pick<RunningRevision, 'template' | 'imageDigest'> & {
  /** The revision that was made from it. */
  revision: string | undefined;
  /** Whether a window that was not finished has put another one in its place. */
  isReplaced: boolean;
};

export type MaintenanceOptions = {
  /** A new token was stored: only new instances read it, so a new revision is needed in any case. */
  rotated: boolean;
  /** Move the traffic to the new revision when it is pinned to others. */
  moveTraffic: boolean;
};

/** What to do, in this order; a step that is not needed is left out. */
export type MaintenancePlan = {
  /**
   * Make a revision for the window. It gets the traffic by itself, since that follows the latest revision, or by a move
   * once it is ready.
   */
  window?: { template: RevisionTemplate; traffic: 'follows' | 'move' };
  /** Give the traffic back to those that had it before the window. */
  restore?: readonly Share[];
  /** Write the newest template, without traffic: the window's own took its place, or it says what is not wished for. */
  newest?: RevisionTemplate;
  /** The newest template when the window comes to nothing; undefined when the window's own may stay. */
  fallback?: RevisionTemplate;
  /** What whoever asked for it has to know. */
  note?: string;
};

/**
 * Decides how a maintenance window is opened or closed. It is made from what serves, since the newest template may be that
 * of a candidate which nobody has released; and the newest template then gets the same variables, so that the next
 * deployment finds it as it was. Whatever is written runs the image that its revision runs already, by digest: a tag may
 * have moved, and a change of configuration never changes the code. Throws a UserError when traffic is pinned and not
 * to be moved: before anything has been changed.
 */
export function planMaintenance(
  { service, serving, base, newest, before }: Situation,
  wish: MaintenanceWish,
  { rotated, moveTraffic }: MaintenanceOptions,
): MaintenancePlan {
  if (base === undefined)
    throw new UserError(`service ${service.name} serves nothing: there is nothing to put into maintenance`);

  const newestBefore = withRunningImage(newest.template, newest.imageDigest);
  const newestAfter = withWish(newestBefore, wish);
  // A deployment in the middle of a window may have switched it off again; opening it a second time does not insist.
  const isNewestDue = newest.isReplaced || (wish.mode === 'off' && !fulfils(newest.template, wish));
  const newestStep = isNewestDue ? { newest: newestAfter } : {};

  const serves = serving.every(({ template }) => fulfils(template, wish));
  if (serves && !rotated) return newestStep;

  const lost = wish.mode === 'off' ? before : undefined;
  if (lost !== undefined && lost.problem === undefined) return { restore: lost.shares, ...newestStep };

  const follows = followsLatestOnly(service.traffic) && serving.length === 1;
  // Where the split before the window is lost, whoever opened it has already let the traffic be moved.
  if (!follows && !moveTraffic && lost === undefined) throw trafficIsPinned(service, wish.mode);
  const note = lost && { note: splitIsLost(lost) };
  if (base.name === newest.revision && !newest.isReplaced) {
    // The service's own template, not the one rebuilt from the revision.
    const template = withWish(serveSameImage({ ...base, template: newest.template }), wish);
    return {
      window: { template, traffic: follows ? 'follows' : 'move' },
      ...(wish.mode === 'on' && { fallback: newestBefore }),
      ...note,
    };
  }
  // LATEST must not lead to what the newest template makes afterwards: that is not what serves.
  return {
    window: { template: withWish(serveSameImage(base), wish), traffic: 'move' },
    newest: newestAfter,
    fallback: wish.mode === 'on' ? newestBefore : newestAfter,
    ...note,
  };
}

function splitIsLost({ shares, problem }: SplitBefore): string {
  return (
    `warning: the split from before the window (${describeShares(shares)}) was not put back, since ${problem}; ` +
    'a new revision out of the window has all the traffic'
  );
}

function trafficIsPinned(service: Service, mode: 'on' | 'off'): UserError {
  const [action, later] = mode === 'on' ? ['enable', ', and have the split put back later'] : ['disable', ''];
  const shares = describeShares(sharesOf(service.served, service.latestReadyRevision));
  return new UserError(
    `maintenance mode of ${service.name} is NOT ${mode} as asked for: traffic is pinned (${shares}), so a revision made for it would get none; nothing was changed`,
    { hint: `To give it the traffic${later}: MAINTENANCE_MOVE_TRAFFIC=1 maintenance-mode.ts ${action}` },
  );
}
