import { type Service, type Share, sameShares, targetShares } from '@deploy/cloudrun';

// A promotion keeps its notes in annotations of the service itself, so that another machine can see and resume it.
// Users may add annotations with any key that the platform does not reserve; google/cloud/run/v2/service.proto
// (Service.annotations) lists the reserved ones.
const PROMOTION = 'openagents.com/canary-promotion';
const FAILED = 'openagents.com/canary-failed';
const VERSION = 1;
/** How many failed candidates to remember. */
const MOST_FAILED = 10;

type Annotations = Readonly<Record<string, string>>;

export type RevisionPair = { readonly stable: string; readonly canary: string };

/**
 * A step that has begun. `at` is when its split was first served, in milliseconds since 1970 by the platform's clock.
 */
export type BegunStep = { readonly percent: number; readonly at: number };

/**
 * Who runs a promotion. The process keeps moving `until` further into the future. Once `until` has passed, the process
 * counts as gone.
 */
export type Owner = {
  readonly id: string;
  readonly account: string;
  readonly host: string;
  readonly pid: number;
  readonly until: number;
};

/** A promotion as it is stored on its service. */
export type PromotionState = {
  readonly stable: string;
  readonly canary: string;
  /**
   * The service's `uid`. Whoever deletes a service and makes it anew from an export copies its annotations as well, but
   * the promotion of the old one is over.
   */
  readonly uid?: string;
  readonly startedAt: number;
  readonly steps: readonly number[];
  readonly tag: string;
  /** Whether the candidate already had the tag `tag` before the promotion. */
  readonly hadTag: boolean;
  /** The steps begun so far, in order. Empty while the candidate has no traffic yet. */
  readonly begun: readonly BegunStep[];
  /** Undefined once the owner has released the promotion. */
  readonly owner?: Owner;
};

/** A candidate that was rolled back. */
export type FailedCandidate = { readonly revision: string; readonly at: string; readonly why: string };

/**
 * The promotion that is stored on the service; undefined when there is none, when it is not readable, and when it is that
 * of another service.
 */
export function promotionOn({
  annotations,
  uid,
}: Pick<Service, 'annotations' | 'uid'>): PromotionState | undefined {
  const state = parse(annotations[PROMOTION]);
  return isState(state) && (state.uid === undefined || state.uid === uid) ? state : undefined;
}

/** The annotations with this promotion in them, or without any promotion if `state` is undefined. */
export function withPromotion(annotations: Annotations, state: PromotionState | undefined): Annotations {
  const { [PROMOTION]: _, ...others } = annotations;
  return state === undefined ? others : { ...others, [PROMOTION]: JSON.stringify({ v: VERSION, ...state }) };
}

/** When and why a revision was rolled back earlier; undefined if it was not. */
export function failureOf(
  { annotations }: Pick<Service, 'annotations'>,
  revision: string,
): FailedCandidate | undefined {
  return failedOn(annotations).findLast((each) => each.revision === revision);
}

/** The annotations with one more failed candidate. */
export function withFailure(annotations: Annotations, failure: FailedCandidate): Annotations {
  const others = failedOn(annotations).filter(({ revision }) => revision !== failure.revision);
  const short = { ...failure, why: failure.why.slice(0, 300) };
  const failed = [...others, short].slice(-MOST_FAILED);
  return { ...annotations, [FAILED]: JSON.stringify({ v: VERSION, failed }) };
}

/** The percentage of the traffic that a promotion last gave the candidate; 0 before it got any. */
export function candidatePercent({ begun }: Pick<PromotionState, 'begun'>): number {
  return begun.at(-1)?.percent ?? 0;
}

/** The traffic split of a step. A revision without traffic is left out. */
export function splitAt({ stable, canary }: RevisionPair, percent: number): Share[] {
  return [
    { revision: stable, percent: 100 - percent },
    { revision: canary, percent },
  ].filter((share) => share.percent > 0);
}

/** The split that a promotion asked for last. */
export function splitOf(state: PromotionState): Share[] {
  return splitAt(state, candidatePercent(state));
}

/**
 * Whether the split that the service was last asked for is this promotion's. If not, somebody else has moved the
 * traffic.
 */
export function isItsTraffic(service: Service, state: PromotionState): boolean {
  return sameShares(targetShares(service), splitOf(state));
}

/** The stored promotion, unless the traffic was moved by somebody else. It is running or can be resumed. */
export function unfinishedPromotion(service: Service): PromotionState | undefined {
  const state = promotionOn(service);
  return state !== undefined && isItsTraffic(service, state) ? state : undefined;
}

function failedOn(annotations: Annotations): FailedCandidate[] {
  const found = parse(annotations[FAILED]);
  if (!isRecord(found) || found.v !== VERSION || !Array.isArray(found.failed)) return [];
  return found.failed.filter(
    (each): each is FailedCandidate =>
      isRecord(each) && [each.revision, each.at, each.why].every((field) => typeof field === 'string'),
  );
}

/**
 * Whether this is a promotion that can be read. People may have edited the annotation, or a later version of these
 * scripts may have written it; anything unexpected counts as no promotion.
 */
function isState(state: unknown): state is PromotionState & { v: number } {
  if (!isRecord(state) || state.v !== VERSION) return false;
  const { stable, canary, uid, startedAt, steps, tag, begun, owner } = state;
  return (
    [stable, canary, tag].every((field) => typeof field === 'string' && field !== '') &&
    (uid === undefined || typeof uid === 'string') &&
    typeof startedAt === 'number' &&
    Array.isArray(steps) &&
    steps.every((step) => Number.isInteger(step)) &&
    Array.isArray(begun) &&
    begun.every((step) => isRecord(step) && typeof step.at === 'number' && steps.includes(step.percent)) &&
    (owner === undefined || isOwner(owner))
  );
}

function isOwner(owner: unknown): boolean {
  return (
    isRecord(owner) &&
    [owner.id, owner.account, owner.host].every((field) => typeof field === 'string') &&
    [owner.pid, owner.until].every((field) => typeof field === 'number')
  );
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
