import { type Action, startProgress, UserError } from '@deploy/cli';
import { gcloudCommands } from '../gcloud/commands.ts';
import { requireSameSideOfWindow } from '../maintenance/guard.ts';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { ServiceApi } from './api.ts';
import { type AcceptedChange, changedBy, changeService, type Plan } from './change.ts';
import { readNamedRevision } from './named-revision.ts';
import type { Revision, Service } from './service.ts';
import { describeCondition, waitForChange } from './settle.ts';
import { requireNotSuperseded } from './superseded.ts';
import { type RolesCheck, requireNotSwapped } from './swapped.ts';
import {
  assignTraffic,
  briefShares,
  describeShares,
  type Share,
  sameShares,
  sameSplit,
  servedShares,
  sharesOf,
  type TrafficSplit,
  targetShares,
} from './traffic.ts';

/** A traffic change that is in force: the split before and after. */
export type TrafficChange = {
  service: string;
  before: Share[];
  after: Share[];
  url?: string;
  /** Set when the requested split was already in force and nothing was written. */
  isUnchanged?: true;
};

/**
 * `skipMaintenanceCheck` allows a shift that shows the maintenance page to the public, or that lets the public in while
 * a maintenance window is open. With `roles`, the shift is refused when the revisions were named the wrong way round,
 * or when a later deployment has superseded the canary. `remark` is called just before a change is written, with the
 * service as it is then, and may print a remark.
 */
export type ShiftOptions = {
  skipMaintenanceCheck?: boolean;
  roles?: RolesCheck;
  bookkeeping?: Bookkeeping;
  remark?(api: ServiceApi, now: Service): Promise<void>;
};

/**
 * Notes on the service that are written together with the change. Both functions are called before each attempt, with
 * the service as it is then.
 */
export type Bookkeeping = {
  /** Throws if the change must no longer be written, for instance because somebody else has changed the service. */
  permit(now: Service): void;
  /** All of the user's annotations that the service will have after the write. */
  annotations(now: Service): Readonly<Record<string, string>>;
};

/** Gives the named revisions exactly these shares of the traffic, as `gcloud run services update-traffic` does. */
export function setTraffic(
  openApi: () => Promise<ServiceApi>,
  location: ServiceLocation,
  shares: readonly Share[],
  options: ShiftOptions = {},
): Action<TrafficChange> {
  return {
    announcement: gcloudCommands.updateTraffic(location, shares),
    perform: async () => shift(await openApi(), shares, options),
  };
}

/** Gives one revision all the traffic. */
export function rollback(
  openApi: () => Promise<ServiceApi>,
  location: ServiceLocation,
  stable: string,
  options: ShiftOptions = {},
): Action<TrafficChange> {
  return setTraffic(openApi, location, [{ revision: stable, percent: 100 }], options);
}

async function shift(
  api: ServiceApi,
  shares: readonly Share[],
  options: ShiftOptions,
): Promise<TrafficChange> {
  const { service } = api.location;
  const progress = await startProgress(`shifting traffic of ${service} to ${briefShares(shares, service)}`);
  try {
    const accepted = await changeService(api, planShift(api, shares, options), progress.update);
    const settled = await waitForChange(api, accepted, progress.update);
    requireServed(api.location, accepted, settled);
    const change = {
      service,
      before: servedShares(accepted.before),
      after: servedShares(settled),
      ...(settled.url !== undefined && { url: settled.url }),
    };
    progress.done(
      `traffic of ${service} is now ${briefShares(change.after, service)} (was ${briefShares(change.before, service)})`,
    );
    return change;
  } catch (error) {
    if (!(error instanceof AlreadyServed)) throw error;
    const split = servedShares(error.service);
    progress.done(
      `traffic of ${service} was ${briefShares(split, service)} already: there was nothing to change`,
    );
    const { url } = error.service;
    return { service, before: split, after: split, ...(url !== undefined && { url }), isUnchanged: true };
  } finally {
    progress.stop();
  }
}

/** Thrown to end the planning when the requested split is already in force. */
class AlreadyServed extends Error {
  readonly service: Service;

  constructor(service: Service) {
    super('there is nothing to change');
    this.service = service;
  }
}

function planShift(
  api: ServiceApi,
  shares: readonly Share[],
  { skipMaintenanceCheck = false, roles, bookkeeping, remark }: ShiftOptions,
): Plan {
  let remarkedOn: number | undefined;
  return async (now, first) => {
    bookkeeping?.permit(now);
    // If somebody has changed the shares since the first read, writing ours would replace a split that the operator has
    // not seen. Changed tags do not matter, because the write keeps all tags.
    if (!sameShares(now.traffic, first.traffic)) throw shiftedMeanwhile(now, first);
    const wanted = await Promise.all(
      shares
        .filter(({ percent }) => percent > 0)
        .map(async ({ revision, percent }) => ({ revision: await readReady(api, revision, now), percent })),
    );
    if (roles !== undefined) await requireNotSwapped(api, now, roles);
    if (!skipMaintenanceCheck) await requireSameSideOfWindow(api, now, wanted);
    if (roles !== undefined) await requireNotSuperseded(api, now, roles.named);
    const traffic = assignTraffic(now.traffic, shares);
    if (bookkeeping === undefined && isInForce(now, traffic)) throw new AlreadyServed(now);
    // A write that is refused for a while, as by a quota, is planned again and again.
    if (remarkedOn !== now.generation) await remark?.(api, now);
    remarkedOn = now.generation;
    return {
      traffic,
      ...(bookkeeping && { annotations: bookkeeping.annotations(now) }),
    };
  };
}

/**
 * Whether this split is already requested and served. LATEST does not count as the revision that it leads to, so
 * traffic that follows LATEST still has to be pinned.
 */
function isInForce({ reconciling, traffic, served }: Service, wanted: TrafficSplit): boolean {
  return !reconciling && sameSplit(traffic, wanted) && sameShares(served, wanted);
}

async function readReady(api: ServiceApi, name: string, service: Service): Promise<Revision> {
  const revision = await readNamedRevision(api, name, service);
  if (revision.ready.state === 'succeeded') return revision;
  throw new UserError(
    `revision ${name} is not ready and cannot take traffic: ${describeCondition(revision.ready)}`,
    {
      hint: `Nothing was changed: traffic stays at ${describeShares(servedShares(service))}.`,
    },
  );
}

/** Throws a UserError if the requested split does not serve, even when the platform reports success. */
function requireServed(
  location: ServiceLocation,
  { change, generation, before }: AcceptedChange,
  settled: Service,
): void {
  if (sameShares(settled.served, change.traffic)) return;
  if (settled.generation > generation && !sameShares(settled.traffic, change.traffic)) {
    throw shiftedMeanwhile(settled, { ...before, traffic: change.traffic });
  }
  const serving = describeShares(servedShares(settled));
  throw new UserError(
    `the platform did not shift the traffic: ${serving} serves, ${describeShares(sharesOf(change.traffic, undefined))} was asked for ` +
      `(${describeCondition(settled.ready)})`,
    {
      hint: `Cloud Run still has the failed split as its target. Replace it, for instance:\n  ${serviceCommand(location, 'canary-rollout', ['rollback', servedShares(settled)[0]?.revision ?? 'STABLE'])}`,
    },
  );
}

function shiftedMeanwhile(now: Service, first: Service): UserError {
  const was = describeShares(targetShares(first));
  const is = describeShares(targetShares(now));
  return new UserError(`${changedBy(now)} in the meantime: traffic went from ${was} to ${is}`, {
    hint: 'Your change is not in force. Agree on who goes first; if this split is still wanted, run this again.',
  });
}
