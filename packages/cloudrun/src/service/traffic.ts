/**
 * Where a share of the traffic goes: to the latest ready revision, whichever that is, or to a named one. A target may
 * have a tag, which gives the revision its own URL.
 */
export type TrafficTarget = {
  /** `undefined` means the latest ready revision. */
  revision: string | undefined;
  percent: number;
  tag?: string;
};

/**
 * How a service's traffic is divided. As on the platform, an empty split sends everything to the latest ready revision.
 */
export type TrafficSplit = readonly TrafficTarget[];

export type Share = { revision: string; percent: number };

/**
 * The split that `gcloud run deploy --no-traffic` leaves. The share of LATEST is added to that of the latest ready
 * revision, so that a new revision gets no traffic. A split without LATEST does not change.
 */
export function pinLatest(split: TrafficSplit, latestReadyRevision: string): TrafficSplit {
  const spelledOut = spellOut(split);
  if (!followsLatest(spelledOut)) return split;
  const shares = spelledOut.map(({ revision, percent }) => ({
    revision: revision ?? latestReadyRevision,
    percent,
  }));
  return [...merge(shares), ...tagEntries(spelledOut)];
}

type Divided = { traffic: TrafficSplit; served: TrafficSplit; latestReadyRevision: string | undefined };

/**
 * Whether the platform serves another split than the one that was last asked for. If the service has settled, that
 * split was not carried out. The next write would ask for it again, even a write that is about something else.
 */
export function isTargetMissed({ traffic, served }: Pick<Divided, 'traffic' | 'served'>): boolean {
  return served.length > 0 && !sameShares(traffic, served);
}

/**
 * The split that leaves all traffic of a settled service where it is. It names revisions instead of LATEST, so a new
 * revision gets nothing. If the platform serves another split than the requested one, the served one is kept.
 */
export function pinServed(service: Divided): TrafficSplit {
  const { traffic, latestReadyRevision } = service;
  if (isTargetMissed(service)) return assignTraffic(traffic, servedShares(service));
  return latestReadyRevision === undefined ? traffic : pinLatest(traffic, latestReadyRevision);
}

/**
 * The split in which exactly the named revisions get traffic. Tags stay, as entries without traffic; a revision with a
 * share of 0 is left out. Throws a RangeError unless the shares are whole numbers that add up to 100.
 */
export function assignTraffic(split: TrafficSplit, shares: readonly Share[]): TrafficSplit {
  const total = shares.reduce((sum, share) => sum + share.percent, 0);
  if (total !== 100 || shares.some(({ percent }) => !Number.isInteger(percent) || percent < 0)) {
    throw new RangeError(
      `traffic shares must be whole numbers that add up to 100, not ${describeShares(shares)}`,
    );
  }
  return [...merge(shares), ...tagEntries(split)];
}

/** The split in which only this revision has the tag. All traffic stays where it is. */
export function assignTag(split: TrafficSplit, tag: string, revision: string): TrafficSplit {
  return [...removeTag(split, tag), { revision, percent: 0, tag }];
}

/** The split without the tag. All traffic stays where it is. */
export function removeTag(split: TrafficSplit, tag: string): TrafficSplit {
  return split.flatMap((target) => {
    if (target.tag !== tag) return [target];
    const { tag: _, ...untagged } = target;
    return untagged.percent > 0 ? [untagged] : [];
  });
}

/** Whether any traffic goes to LATEST. */
export function followsLatest(split: TrafficSplit): boolean {
  return spellOut(split).some((target) => target.revision === undefined && target.percent > 0);
}

/** Whether all traffic goes to LATEST, and none to a revision by name, not even to the one that LATEST leads to. */
export function followsLatestOnly(split: TrafficSplit): boolean {
  return spellOut(split).every((target) => target.revision === undefined || target.percent === 0);
}

/** Which revision gets how much, most traffic first. LATEST is resolved, and entries without traffic are left out. */
export function sharesOf(split: TrafficSplit, latestReadyRevision: string | undefined): Share[] {
  const shares = spellOut(split).map(({ revision, percent }) => ({
    revision: revision ?? latestReadyRevision ?? 'LATEST',
    percent,
  }));
  return merge(shares);
}

type Serving = { served: TrafficSplit; latestReadyRevision: string | undefined };

type Requested = { traffic: TrafficSplit; latestReadyRevision: string | undefined };

/** The division of traffic that was requested for a service, as shares. While a change is on its way, `servedShares` may still differ. */
export function targetShares({ traffic, latestReadyRevision }: Requested): Share[] {
  return sharesOf(traffic, latestReadyRevision);
}

/** How a service divides its traffic now, as shares. */
export function servedShares({ served, latestReadyRevision }: Serving): Share[] {
  return sharesOf(served, latestReadyRevision);
}

/**
 * The stable revision: the one that gets all the traffic. If the traffic is split, there is none, and we do not guess:
 * neither the first entry nor the second newest revision has to be the stable one.
 */
export function stableRevision(shares: readonly Share[]): string | undefined {
  const [only, ...others] = shares;
  return only !== undefined && others.length === 0 && only.percent === 100 ? only.revision : undefined;
}

/** Whether two splits mean the same: the same shares and tags, in any order and spelling. */
export function sameSplit(one: TrafficSplit, other: TrafficSplit): boolean {
  return canonical(one) === canonical(other);
}

/** Whether every revision gets the same share in both splits, whatever the tags. */
export function sameShares(one: TrafficSplit, other: TrafficSplit): boolean {
  const withoutTags = (split: TrafficSplit) =>
    spellOut(split).map(({ revision, percent }) => ({ revision, percent }));
  return sameSplit(withoutTags(one), withoutTags(other));
}

/**
 * The shares as text for people, without the service's name in front of each revision's: `00002-abc=95 00003-def=5`.
 */
export function briefShares(shares: readonly Share[], service: string): string {
  return describeShares(
    shares.map(({ revision, percent }) => ({ revision: briefRevision(revision, service), percent })),
  );
}

/** A revision's name without its service's name in front. */
export function briefRevision(revision: string, service: string): string {
  return revision.startsWith(`${service}-`) ? revision.slice(service.length + 1) : revision;
}

/** The shares as text for people, with full names: `svc-00002-abc=95 svc-00003-def=5`. */
export function describeShares(shares: readonly Share[]): string {
  return shares.map(({ revision, percent }) => `${revision}=${percent}`).join(' ') || 'nothing';
}

function spellOut(split: TrafficSplit): TrafficSplit {
  return split.length === 0 ? [{ revision: undefined, percent: 100 }] : split;
}

function merge(shares: readonly Share[]): Share[] {
  const percentOf = new Map<string, number>();
  for (const { revision, percent } of shares) {
    if (percent > 0) percentOf.set(revision, (percentOf.get(revision) ?? 0) + percent);
  }
  return [...percentOf]
    .map(([revision, percent]) => ({ revision, percent }))
    .sort((a, b) => b.percent - a.percent || (a.revision < b.revision ? -1 : 1));
}

function tagEntries(split: TrafficSplit): TrafficTarget[] {
  return split.flatMap(({ revision, tag }) => (tag === undefined ? [] : [{ revision, percent: 0, tag }]));
}

function canonical(split: TrafficSplit): string {
  const spelledOut = spellOut(split);
  const shares = merge(spelledOut.map(({ revision, percent }) => ({ revision: revision ?? '', percent })));
  const tags = tagEntries(spelledOut).map(({ revision, tag }) => [tag, revision ?? '']);
  return JSON.stringify([shares, tags.sort()]);
}
