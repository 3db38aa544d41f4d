import { UserError } from '@deploy/cli';
import type { Revision, RevisionTemplate, Service } from '../service/service.ts';
import { describeShares, followsLatestOnly, type Share, sharesOf } from '../service/traffic.ts';
import { fulfils, type MaintenanceWish, withWish } from './environment.ts';

/** What there is to decide on: the service, and the revisions that serve or are newest. */
export type Surroundings = {
  service: Service;
  /** Every revision that gets traffic, most traffic first. */
  serving: readonly Revision[];
  /** The newest revision that came up, which a service update would build on. */
  newest: Revision | undefined;
};

export type MaintenanceOptions = {
  /** A new token was stored: only new instances read it, so a new revision is needed in any case. */
  rotated: boolean;
  /** Move the traffic to the new revision when it is pinned to others. */
  moveTraffic: boolean;
};

/** What to do for a wish. `traffic` tells how the new revision comes by it: by itself, by a move once it is ready, or not at all. */
export type MaintenancePlan =
  | { kind: 'nothing'; because: string }
  | { kind: 'new-revision'; template: RevisionTemplate; traffic: 'follows' | 'move' | 'stays' }
  | { kind: 'prepared'; revision: string; traffic: 'move' | 'stays' }
  | { kind: 'restore'; template: RevisionTemplate; shares: readonly Share[] };

/**
 * Decides how a maintenance window is opened or closed. Traffic that follows LATEST takes a new revision by itself.
 * Pinned traffic does not: then the revision is built from what serves, since the newest template may be an unreleased
 * canary's, and it gets traffic only by a move, which closing the window takes back.
 */
export function planMaintenance(
  { service, serving, newest }: Surroundings,
  wish: MaintenanceWish,
  { rotated, moveTraffic }: MaintenanceOptions,
): MaintenancePlan {
  const [base] = serving;
  if (base === undefined)
    throw new UserError(`service ${service.name} serves nothing: there is nothing to put into maintenance`);

  const serves = serving.every((revision) => fulfils(revision.template, wish));
  if (serves && !rotated && (wish.mode === 'on' || fulfils(service.template, wish))) {
    return {
      kind: 'nothing',
      because: `${describeShares(sharesOf(service.served, service.latestReadyRevision))} already serves so`,
    };
  }

  if (followsLatestOnly(service.traffic) && serving.length === 1) {
    // A newest revision that never came up would take the window down with it: build on what serves instead.
    const cameUp = service.latestCreatedRevision === service.latestReadyRevision;
    return {
      kind: 'new-revision',
      template: withWish(cameUp ? service.template : base.template, wish),
      traffic: 'follows',
    };
  }

  const recorded = replacedBy(service);
  if (wish.mode === 'off' && recorded !== undefined && !serves) {
    return { kind: 'restore', template: withWish(base.template, wish), shares: recorded };
  }
  const traffic = moveTraffic && (!serves || rotated) ? 'move' : 'stays';
  const isPrepared =
    newest !== undefined &&
    !rotated &&
    newest.image === base.image &&
    fulfils(newest.template, wish) &&
    !serves;
  return isPrepared
    ? { kind: 'prepared', revision: newest.name, traffic }
    : { kind: 'new-revision', template: withWish(base.template, wish), traffic };
}

// Kept on the service itself, so that whoever closes the window finds it. Keys of this kind are the user's own:
// Service.annotations in google/cloud/run/v2/service.proto.
const REPLACED_SPLIT = 'openagents.com/maintenance-replaced-traffic';

/**
 * The annotations with the split put down in them that a maintenance revision is about to replace. A window that is open
 * already, and only gets a new token, keeps the split from before it was opened, if it is known.
 */
export function recordSplit(
  service: Service,
  { isOpen, revision }: { isOpen: boolean; revision: string },
): Record<string, string> {
  const shares = isOpen ? replacedBy(service) : sharesOf(service.served, service.latestReadyRevision);
  if (shares === undefined) return forgetSplit(service);
  const text = shares.map((share) => `${share.revision}=${share.percent}`).join(',');
  return { ...service.annotations, [REPLACED_SPLIT]: `${revision};${text}` };
}

export function forgetSplit(service: Service): Record<string, string> {
  const { [REPLACED_SPLIT]: _, ...others } = service.annotations;
  return others;
}

/**
 * The split that was put down when what serves now was given the traffic; undefined when there is none that makes sense.
 * What was put down for another revision is history: somebody has moved the traffic since.
 */
function replacedBy(service: Service): Share[] | undefined {
  const [holder, text] = service.annotations[REPLACED_SPLIT]?.split(';') ?? [];
  const [serving] = sharesOf(service.served, service.latestReadyRevision);
  if (text === undefined || serving?.revision !== holder || serving?.percent !== 100) return undefined;
  const shares = text.split(',').map((entry) => {
    const [revision = '', percent = ''] = entry.split('=');
    return { revision, percent: /^\d{1,3}$/.test(percent) ? Number(percent) : Number.NaN };
  });
  const total = shares.reduce((sum, { percent }) => sum + percent, 0);
  return total === 100 && shares.every(({ revision }) => revision !== '') ? shares : undefined;
}
