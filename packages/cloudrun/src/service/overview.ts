import { replacedSplit } from '../maintenance/bookkeeping.ts';
import { isMaintenanceOn } from '../maintenance/environment.ts';
import { type OpenWindow, servingInMaintenance, windowAmong } from '../maintenance/open-window.ts';
import { digestOf, parseImageReference } from '../registry/image-reference.ts';
import type { ServiceApi } from './api.ts';
import { readRunningIfThere } from './named-revision.ts';
import type { RunningRevision, Service } from './service.ts';
import { type Share, servedShares, stableRevision } from './traffic.ts';

export type Role = 'stable' | 'canary' | 'window' | 'newest';

/** A revision that has traffic, a tag or a role at the moment. */
export type OverviewRow = {
  revision: string;
  percent: number;
  roles: readonly Role[];
  /** The tag of the revision's image; undefined if the image was deployed by digest. */
  imageTag: string | undefined;
  digest: string | undefined;
  createTime: string;
  tags: readonly string[];
};

export type Overview = {
  service: Service;
  shares: readonly Share[];
  rows: readonly OverviewRow[];
  stable: string | undefined;
  canary: string | undefined;
  window: OpenWindow | undefined;
};

/** The roles of the revisions, from a promotion under way or from the rollout's report. */
export type KnownRoles = { stable?: string | undefined; canary?: string | undefined };

/**
 * Reads what a person wants to know about a service: its maintenance window, and the revisions that matter, each with
 * its roles.
 */
export async function readOverview(api: ServiceApi, service: Service, known: KnownRoles): Promise<Overview> {
  const shares = servedShares(service);
  const backTo = replacedSplit(service);
  const { latestCreatedRevision: newest, latestReadyRevision } = service;
  const names = [
    ...shares.map(({ revision }) => revision),
    ...(backTo ?? []).map(({ revision }) => revision),
    ...service.served.flatMap(({ tag, revision = latestReadyRevision }) => (tag ? (revision ?? []) : [])),
    ...[known.stable, known.canary, newest, latestReadyRevision].flatMap((name) => name ?? []),
  ];
  const read = await Promise.all([...new Set(names)].map((name) => readRunningIfThere(api, name)));
  const revisions = read.filter((each) => each !== undefined);
  const inWindow = servingInMaintenance(revisions, service);
  // The service may list an earlier revision as its latest ready one; see newestReadyRevision.
  const isNewestReady = revisions.some(({ name, ready }) => name === newest && ready.state === 'succeeded');
  const newestReady = isNewestReady ? newest : latestReadyRevision;
  const { stable, canary } = rolesOf(revisions, { shares: backTo ?? shares, newestReady, known });
  const percentOf = (name: string): number => shares.find(({ revision }) => revision === name)?.percent ?? 0;
  const rows = revisions.map((each): OverviewRow => {
    const { name, image, imageDigest, createTime } = each;
    const roles: [Role, boolean][] = [
      ['stable', name === stable],
      ['canary', name === canary],
      ['window', inWindow.includes(each)],
      ['newest', name === newest],
    ];
    return {
      revision: name,
      percent: percentOf(name),
      roles: roles.flatMap(([role, isIts]) => (isIts ? [role] : [])),
      imageTag: parseImageReference(image).tag,
      digest: digestOf(imageDigest ?? image),
      createTime,
      tags: service.served.flatMap(({ revision = latestReadyRevision, tag }) =>
        tag && revision === name ? [tag] : [],
      ),
    };
  });
  return {
    service,
    shares,
    rows: rows.sort((a, b) => b.percent - a.percent || b.createTime.localeCompare(a.createTime)),
    stable,
    canary,
    window: windowAmong(revisions, service),
  };
}

function rolesOf(
  revisions: readonly RunningRevision[],
  {
    shares,
    newestReady,
    known,
  }: { shares: readonly Share[]; newestReady: string | undefined; known: KnownRoles },
): KnownRoles {
  const isPromoted = shares.some(({ revision, percent }) => revision === known.canary && percent === 100);
  const later = isPromoted ? newerThan(known.canary, revisions, newestReady) : undefined;
  // The known canary has all the traffic and a newer revision exists, so the known roles belong to an earlier rollout.
  if (later !== undefined) return { stable: known.canary, canary: later };
  const isThere = (name: string | undefined) => revisions.some((each) => each.name === name);
  const serving = revisions
    .filter(({ name }) => shares.some(({ revision }) => revision === name))
    .sort(byAge);
  const stable = isThere(known.stable) ? known.stable : (stableRevision(shares) ?? serving[0]?.name);
  const younger = serving.length > 1 ? serving.at(-1)?.name : undefined;
  const canary = isThere(known.canary)
    ? known.canary
    : (younger ?? newerThan(stable, revisions, newestReady));
  return { stable, canary: canary === stable ? undefined : canary };
}

/** The newest ready revision, if it is newer than the stable one and could take traffic. */
function newerThan(
  stable: string | undefined,
  revisions: readonly RunningRevision[],
  newestReady: string | undefined,
): string | undefined {
  const base = revisions.find(({ name }) => name === stable);
  const newest = revisions.find(({ name }) => name === newestReady);
  if (base === undefined || newest === undefined || isMaintenanceOn(newest.template)) return undefined;
  // A closed window leaves behind a revision with the same image as the stable one. That revision is no candidate.
  const isSame = newest.imageDigest !== undefined && newest.imageDigest === base.imageDigest;
  return !isSame && newest.createTime > base.createTime ? newest.name : undefined;
}

function byAge(one: { createTime: string }, other: { createTime: string }): number {
  return one.createTime.localeCompare(other.createTime);
}
