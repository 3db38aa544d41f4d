import { UserError } from '@deploy/cli';
import { serviceCommand } from '../own-commands.ts';
import { serveSameImage, withRunningImage } from '../service/running-image.ts';
import type { Revision, RunningRevision, Service } from '../service/service.ts';
import type { RevisionTemplate } from '../service/template.ts';
import { describeShares, followsLatestOnly, type Share, servedShares } from '../service/traffic.ts';
import type { ServiceLocation } from '../service-location.ts';
import { fulfils, type MaintenanceWish, withWish } from './environment.ts';

/** What a plan is based on. */
export type Situation = {
  location: ServiceLocation;
  service: Service;
  /** Every revision that gets traffic, most traffic first. */
  serving: readonly Revision[];
  /** The revision that gets the most traffic, with the image that it really runs; undefined when nothing serves. */
  base: RunningRevision | undefined;
  newest: NewestTemplate;
  /** The split that the open window replaced; undefined when none was stored. */
  before: SplitBefore | undefined;
};

/** A split to return to. */
export type SplitBefore = {
  shares: readonly Share[];
  /** Why returning to this split would not end the window; undefined when it would. */
  problem: string | undefined;
};

/** The template that the next deployment should build on. */
export type NewestTemplate = Pick<RunningRevision, 'template' | 'imageDigest'> & {
  /** The revision that was made from this template. */
  revision: string | undefined;
  /** Whether an unfinished window has replaced this template on the service. */
  isReplaced: boolean;
};

export type MaintenanceOptions = {
  /**
   * Whether a new token was stored. If so, a new revision is needed in any case, because instances read the token only
   * when they start.
   */
  rotated: boolean;
  /** Whether traffic that is pinned to revisions by name may be moved to the new revision. */
  moveTraffic: boolean;
};

/** What to do, in this order. Steps that are not needed are left out. */
export type MaintenancePlan = {
  /**
   * Make a revision for the window. It gets the traffic either automatically, if the traffic follows LATEST, or by a
   * shift once it is ready.
   */
  window?: { template: RevisionTemplate; traffic: 'follows' | 'move' };
  /** Return the traffic to the revisions that had it before the window. */
  restore?: readonly Share[];
  /**
   * Write the newest template to the service, without traffic, because the window has replaced it or because it is in
   * the wrong mode.
   */
  newest?: RevisionTemplate;
  /** The newest template to restore if the window fails; undefined when the window's own template may stay. */
  fallback?: RevisionTemplate;
  note?: string;
};

/**
 * Plans how to open or close a maintenance window. Throws a UserError when traffic is pinned and must not be moved.
 *
 * The window's revision is made from the one that serves, because the newest template may belong to a candidate that
 * nobody has released. The newest template gets the same variables, for the next deployment. Both name their image by
 * the digest that already runs. A tag may have moved, and a change of configuration must never change the code.
 */
export function planMaintenance(
  { location, service, serving, base, newest, before }: Situation,
  wish: MaintenanceWish,
  { rotated, moveTraffic }: MaintenanceOptions,
): MaintenancePlan {
  if (base === undefined)
    throw new UserError(`service ${service.name} serves nothing: there is nothing to put into maintenance`);

  const newestBefore = withRunningImage(newest.template, newest.imageDigest);
  const newestAfter = withWish(newestBefore, wish);
  // A deployment during the window may have switched maintenance mode off in the template on purpose. Opening the
  // window again does not override that.
  const isNewestDue = newest.isReplaced || (wish.mode === 'off' && !fulfils(newest.template, wish));
  const newestStep = isNewestDue ? { newest: newestAfter } : {};

  const serves = serving.every(({ template }) => fulfils(template, wish));
  if (serves && !rotated) return newestStep;

  const lost = wish.mode === 'off' ? before : undefined;
  if (lost !== undefined && lost.problem === undefined) return { restore: lost.shares, ...newestStep };

  const follows = followsLatestOnly(service.traffic) && serving.length === 1;
  // Pinned traffic moves only with `moveTraffic`. There is one exception: when a window closes and the split from
  // before it cannot be restored. Then whoever opened the window has already allowed the move.
  if (!follows && !moveTraffic && lost === undefined) throw trafficIsPinned(location, service, wish.mode);
  const note = lost && { note: splitIsLost(lost) };
  if (base.name === newest.revision && !newest.isReplaced) {
    // The newest revision serves, so the service's own template can be used. None has to be rebuilt from a revision.
    const template = withWish(serveSameImage({ ...base, template: newest.template }), wish);
    return {
      window: { template, traffic: follows ? 'follows' : 'move' },
      ...(wish.mode === 'on' && { fallback: newestBefore }),
      ...note,
    };
  }
  // Move the traffic to the window's revision by name. If the traffic followed LATEST, it would move on to the next
  // revision, which is made from the newest template.
  return {
    window: { template: withWish(serveSameImage(base), wish), traffic: 'move' },
    newest: newestAfter,
    fallback: wish.mode === 'on' ? newestBefore : newestAfter,
    ...note,
  };
}

function splitIsLost({ shares, problem }: SplitBefore): string {
  return (
    `warning: the split from before the window (${describeShares(shares)}) was not restored, because ${problem}; ` +
    'a new revision that is not in maintenance mode has all the traffic'
  );
}

function trafficIsPinned(location: ServiceLocation, service: Service, mode: 'on' | 'off'): UserError {
  const [action, later] = mode === 'on' ? ['enable', ', and have the split put back later'] : ['disable', ''];
  const shares = describeShares(servedShares(service));
  const command = serviceCommand(location, 'maintenance-mode', [action], [['MAINTENANCE_MOVE_TRAFFIC', '1']]);
  return new UserError(
    `maintenance mode of ${service.name} is NOT ${mode} as asked for: traffic is pinned (${shares}), so a revision made for it would get none; nothing was changed`,
    { hint: `To give it the traffic${later}:\n  ${command}` },
  );
}
