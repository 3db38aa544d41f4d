import { serviceCommand } from '../own-commands.ts';
import type { ServiceApi } from '../service/api.ts';
import { isWindowMade } from '../service/nonce.ts';
import type { Revision, Service } from '../service/service.ts';
import { followsLatestOnly, type Share, servedShares, stableRevision } from '../service/traffic.ts';
import type { ServiceLocation } from '../service-location.ts';
import { replacedSplit } from './bookkeeping.ts';
import { isMaintenanceOn } from './environment.ts';

export type OpenWindow = {
  /** The percentage of the traffic that goes to revisions in maintenance mode. */
  percent: number;
  since: string;
  by: string;
  /** The split that closing the window restores, if known. */
  backTo: readonly Share[] | undefined;
  /** Whether closing the window must move traffic that is pinned to a revision (MAINTENANCE_MOVE_TRAFFIC). */
  mustMoveTraffic: boolean;
};

/** The window that is open for the public, or for part of it; undefined when none is. */
export async function readOpenWindow(api: ServiceApi, service: Service): Promise<OpenWindow | undefined> {
  // A share names `LATEST` only while no revision is ready, and then there is no revision to read.
  const shares = servedShares(service).filter(({ revision }) => revision !== 'LATEST');
  const serving = await Promise.all(shares.map(({ revision }) => api.readRevision(revision)));
  return windowAmong(serving, service);
}

/** The percentage of the traffic that goes to revisions in maintenance mode. */
export async function maintenancePercent(api: ServiceApi, service: Service): Promise<number> {
  return (await readOpenWindow(api, service))?.percent ?? 0;
}

/** Which of these revisions get traffic and are in maintenance mode. */
export function servingInMaintenance<R extends Revision>(revisions: readonly R[], service: Service): R[] {
  const shares = servedShares(service);
  return revisions.filter(
    ({ name, template }) => shares.some(({ revision }) => revision === name) && isMaintenanceOn(template),
  );
}

/** The window that is open on these revisions, ignoring those without traffic. Undefined when none is open. */
export function windowAmong(revisions: readonly Revision[], service: Service): OpenWindow | undefined {
  const shares = servedShares(service);
  const inWindow = servingInMaintenance(revisions, service);
  const [first] = inWindow.toSorted((one, other) => one.createTime.localeCompare(other.createTime));
  if (first === undefined) return undefined;
  return {
    percent: shares
      .filter(({ revision }) => inWindow.some(({ name }) => name === revision))
      .reduce((sum, { percent }) => sum + percent, 0),
    since: first.createTime,
    by: first.creator ?? service.lastModifier,
    backTo: replacedSplit(service),
    mustMoveTraffic: mustMoveTrafficToClose(service),
  };
}

/** The command that closes the window of a service. */
export function closeCommand(at: ServiceLocation, mustMoveTraffic: boolean): string {
  return serviceCommand(
    at,
    'maintenance-mode',
    ['disable'],
    mustMoveTraffic ? [['MAINTENANCE_MOVE_TRAFFIC', '1']] : [],
  );
}

export function mustMoveTrafficToClose(service: Service): boolean {
  return replacedSplit(service) === undefined && !followsLatestOnly(service.traffic);
}

/**
 * The split before a window that was opened while the traffic followed LATEST: everything to the revision that was the
 * newest then. Such a window does not store its split. Closing it makes a new revision, and LATEST then leads there.
 * But a deployment during the window pins the traffic to the window's revision, so the deployment must store the split.
 * Undefined when the earlier revision is uncertain.
 */
export async function splitBeforeLatest(api: ServiceApi, service: Service): Promise<Share[] | undefined> {
  const holder = stableRevision(servedShares(service));
  if (holder === undefined || !followsLatestOnly(service.traffic)) return undefined;
  let isPast = false;
  for await (const revision of api.revisions()) {
    if (revision.name === holder) {
      if (!isWindowMade(revision)) return undefined;
      isPast = true;
      continue;
    }
    // Skip older revisions of the same window. Each was made for an earlier token.
    if (!isPast || isMaintenanceOn(revision.template)) continue;
    const [window, before] = await Promise.all(
      [holder, revision.name].map((name) => api.readRunningRevision(name)),
    );
    const isSame = window?.imageDigest !== undefined && window.imageDigest === before?.imageDigest;
    return isSame && revision.ready.state === 'succeeded'
      ? [{ revision: revision.name, percent: 100 }]
      : undefined;
  }
  return undefined;
}

/**
 * The stable revision: the one that gets all the traffic or, while a window is open for all, will get it back
 * afterwards.
 */
export function stableBehindWindow(service: Service, window: OpenWindow | undefined): string | undefined {
  if (window !== undefined && window.percent === 100)
    return window.backTo === undefined ? undefined : stableRevision(window.backTo);
  return stableRevision(servedShares(service));
}
