import type { MaintenanceOutcome, OpenWindow, Share } from '@deploy/cloudrun';
import type { DeployedRevision, EventOf, Occasion } from '../evidence/rollout-event.ts';
import { canonicalBaseUrl } from './base-url.ts';
import type { GateEntry, MatrixEntry, ReportRecord, SmokeEntry } from './schema.ts';
import { smokeEntry } from './smoke-entry.ts';
import { EARLIER_ATTEMPT, percentOf, trafficNow } from './split.ts';

/** Records the split that served before the rollout, and its stable revision. Only the first such event counts. */
function servingFound(
  record: ReportRecord,
  shares: readonly Share[],
  stable: string | undefined,
): ReportRecord {
  if (record.trafficBefore !== undefined) return record;
  return { ...record, trafficBefore: [...shares], ...(stable === undefined ? {} : { stable }) };
}

/**
 * Records what serves when the deployment looks, and the maintenance window that is open. What an earlier attempt of the
 * same deployment found is forgotten, unless the rollout has moved traffic since: another release may have come in
 * between, and the stable revision of then would lead a rollback too far back. Smoke runs of that attempt stay, but they
 * say nothing about another split.
 */
export function servingFoundAnew(
  record: ReportRecord,
  { shares, stable, window }: EventOf<'servingFound'>,
): ReportRecord {
  const { trafficBefore: _, stable: __, windowBefore, ...rest } = record;
  const windowsSince = record.maintenance.length - (windowBefore === undefined ? 0 : 1);
  if (record.trafficChanges.length > 0 || windowsSince > 0) return servingFound(record, shares, stable);
  const isSame = record.trafficBefore === undefined || isSameSplit(record.trafficBefore, shares);
  const smokes = isSame ? record.smokes : record.smokes.map(ofEarlierAttempt);
  const forgotten = { ...rest, smokes, maintenance: [] };
  return servingFound(
    window === undefined ? forgotten : windowFound(forgotten, window, shares),
    shares,
    stable,
  );
}

function ofEarlierAttempt(run: SmokeEntry): SmokeEntry {
  return { ...run, metChange: EARLIER_ATTEMPT };
}

/** Records the maintenance window that was open before the rollout. */
function windowFound(
  record: ReportRecord,
  { since, by, backTo }: OpenWindow,
  shares: readonly Share[],
): ReportRecord {
  const [only, ...others] = shares;
  const opened = {
    ...{ at: since, actor: by, mode: 'on' as const, state: 'serving' as const, changed: true },
    ...(only !== undefined && others.length === 0 && { revision: only.revision }),
    after: [...shares],
  };
  const windowBefore = { since, by, ...(backTo && { backTo: [...backTo] }) };
  return { ...record, windowBefore, maintenance: [opened] };
}

/** Records how the verification gates ended. A gate that did not pass stops the deployment. */
export function gatesRun(
  record: ReportRecord,
  results: GateEntry[],
  extent: 'all' | 'partial' | 'skipped',
): ReportRecord {
  const stopped = record.state === 'started' && results.some(({ verdict }) => verdict !== 'passed');
  return {
    ...record,
    gates: { extent, results },
    ...(stopped ? { state: 'stopped' } : {}),
  };
}

export function deployed(
  record: ReportRecord,
  deployment: DeployedRevision,
  stable: string | undefined,
): ReportRecord {
  // If a maintenance window was open, the previous revision is the window's own. The stable one is recorded instead.
  const newest = record.windowBefore === undefined ? deployment.previousRevision : stable;
  const before = record.revisions.before ?? newest;
  const { digest = record.image.digest } = deployment;
  return {
    ...servingFound(record, deployment.traffic, stable),
    // Prefer the digest that the revision really runs: the tag may have moved since the image was looked up.
    image: { ...record.image, ...(digest === undefined ? {} : { digest }) },
    state: 'deployed',
    revisions: { ...(before === undefined ? {} : { before }), after: deployment.revision },
  };
}

export function trafficShifted(
  record: ReportRecord,
  { change: { before, after }, stable, byPromotion }: EventOf<'trafficShifted'>,
  occasion: Occasion,
): ReportRecord {
  const by = byPromotion && { byPromotion };
  return trafficMoved(record, { before, after, ...by }, stable, occasion);
}

/** Records a split that somebody else made. */
export function trafficFound(
  record: ReportRecord,
  { shares, by }: EventOf<'trafficFound'>,
  { at }: Occasion,
): ReportRecord {
  const before = trafficNow(record);
  if (before === undefined || isSameSplit(before, shares)) return record;
  const entry = { at, actor: by, before, after: [...shares], found: true };
  return { ...record, trafficChanges: [...record.trafficChanges, entry] };
}

function isSameSplit(one: readonly Share[], other: readonly Share[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ revision, percent }) => percentOf(other, revision) === percent)
  );
}

/** What moved the traffic: a window or a promotion. Neither is set when a person used set-traffic or rollback. */
type By = { byWindow?: true; byPromotion?: true };

function trafficMoved(
  record: ReportRecord,
  { before, after, ...by }: { before: readonly Share[]; after: readonly Share[] } & By,
  stable: string | undefined,
  { at, actor }: Occasion,
): ReportRecord {
  const entry = { at, actor, before: [...before], after: [...after], ...by };
  // A running promotion may have noticed this change first and recorded it as somebody else's. If so, this entry
  // replaces the promotion's.
  const last = record.trafficChanges.at(-1);
  const isKnown = last?.found === true && isSameSplit(last.before, before) && isSameSplit(last.after, after);
  const earlier = isKnown ? record.trafficChanges.slice(0, -1) : record.trafficChanges;
  return { ...servingFound(record, before, stable), trafficChanges: [...earlier, entry] };
}

/** Records a smoke run, and the last traffic change before it began. */
export function smoked(
  record: ReportRecord,
  { outcome, revision }: EventOf<'smoked'>,
  { actor, metChange }: Occasion,
): ReportRecord {
  const entry = { ...smokeEntry(outcome, actor), metChange, ...(revision === undefined ? {} : { revision }) };
  return { ...record, smokes: [...record.smokes, entry] };
}

/** Records the opening or closing of a maintenance window, and the traffic that it moved, if any. */
export function maintenanceChanged(
  record: ReportRecord,
  outcome: MaintenanceOutcome,
  stable: string | undefined,
  occasion: Occasion,
): ReportRecord {
  const { mode, state, changed, revision, before, after, successors } = outcome;
  const entry = {
    at: occasion.at,
    actor: occasion.actor,
    mode,
    state,
    changed,
    ...(revision === undefined ? {} : { revision }),
    after: [...after],
  };
  const moved = JSON.stringify(before) !== JSON.stringify(after);
  const withShift = moved
    ? trafficMoved(record, { before, after, byWindow: true }, stable, occasion)
    : record;
  return {
    ...withShift,
    revisions: succeeded(record.revisions, successors),
    maintenance: [...record.maintenance, entry],
  };
}

/**
 * A candidate that was deployed while a window was open is in maintenance mode. Closing the window makes a successor
 * that is not in maintenance mode, and the successor becomes the candidate.
 */
function succeeded(
  revisions: ReportRecord['revisions'],
  successors: MaintenanceOutcome['successors'],
): ReportRecord['revisions'] {
  const { after, deployed = after } = revisions;
  const successor = successors.find(({ of }) => of === after)?.revision;
  if (successor === undefined || deployed === undefined) return revisions;
  return { ...revisions, after: successor, deployed };
}

// A few are enough, because each run has a summary in a file of its own.
const MATRICES_KEPT = 10;

export function matrixRun(record: ReportRecord, matrix: MatrixEntry): ReportRecord {
  return { ...record, matrices: [...(record.matrices ?? []), matrix].slice(-MATRICES_KEPT) };
}

export function reachedAt(record: ReportRecord, urls: readonly string[]): ReportRecord {
  return { ...record, baseUrls: union(record.baseUrls, urls) };
}

export function tagsReachedAt(record: ReportRecord, urls: readonly string[]): ReportRecord {
  return { ...record, tagUrls: union(record.tagUrls ?? [], urls) };
}

function union(known: readonly string[], urls: readonly string[]): string[] {
  return [...new Set([...known, ...urls.map(canonicalBaseUrl)])];
}
