import { MINUTE_MS, minuteOf } from '../cloud/minutes.ts';
import { isSilent } from '../observations/silence.ts';
import type { ObservedMinute, SourceReading } from '../observations/source.ts';
import type { Minute } from '../verdict/observation.ts';
import {
  addMinute,
  beginFreshWindow,
  currentStep,
  minuteOfWindow,
  type Promotion,
} from '../verdict/promotion.ts';
import type { BegunStep } from './bookkeeping.ts';

/**
 * What a promotion has shown so far, and from which minute to read on. It stays small, however long the promotion
 * takes.
 */
export type PromotionEvidence = {
  readonly promotion: Promotion;
  /** The steps begun so far. Minutes are read from the start of the first step. */
  readonly begun: readonly BegunStep[];
  /**
   * The start of the current window: the first whole minute of the step, or the first whole minute after an
   * interruption.
   */
  readonly windowFrom: number;
  /** Every minute before this moment has been read and added. */
  readonly readUpTo: number;
  /**
   * Whether stable is used so much that a minute without any request means that requests were not seen. Such minutes are
   * not added, so that they count neither as evidence nor as watched.
   */
  readonly isBusy: boolean;
  /** How many minutes up to `readUpTo` were not added because nothing was seen in them. */
  readonly unseenMinutes: number;
};

/** The evidence to start with: the promotion has begun these steps, but none of their minutes has been read yet. */
export function beginEvidence(
  promotion: Promotion,
  begun: readonly BegunStep[],
  { nowMs, isBusy }: { nowMs: number; isBusy: boolean },
): PromotionEvidence {
  const readUpTo = minuteOf(begun[0]?.at ?? nowMs);
  return { promotion, begun, windowFrom: nextMinute(nowMs), readUpTo, isBusy, unseenMinutes: 0 };
}

/** Begins a step. Its window starts with the first whole minute after its split was served. */
export function beginStepAt(evidence: PromotionEvidence, step: BegunStep): PromotionEvidence {
  return { ...evidence, begun: [...evidence.begun, step], windowFrom: nextMinute(step.at) };
}

/**
 * Adds what was read. Closed minutes are complete, so they become part of `evidence` for good, and `minutes` lists
 * them. Open minutes may still change, so only `ahead` counts them: it is the promotion as it would be with them.
 */
export function addReading(
  evidence: PromotionEvidence,
  reading: Extract<SourceReading, { state: 'read' }>,
): { evidence: PromotionEvidence; ahead: Promotion; minutes: Minute[] } {
  let { promotion, readUpTo, unseenMinutes } = evidence;
  const minutes: Minute[] = [];
  for (const observed of reading.closed) {
    const startsAt = observed.startsAt.getTime();
    if (startsAt < readUpTo) continue;
    const minute = minuteIn(evidence, observed);
    readUpTo = startsAt + MINUTE_MS;
    minutes.push(minute);
    const isUnseen = evidence.isBusy && isSilent(observed);
    unseenMinutes = isUnseen ? unseenMinutes + 1 : 0;
    if (isUnseen) continue;
    promotion = addMinute(promotion, minute);
    if (isInCurrentStep(evidence, promotion) && startsAt < evidence.windowFrom)
      promotion = beginFreshWindow(promotion);
  }
  const ahead = reading.open
    .filter(({ startsAt }) => startsAt.getTime() >= readUpTo)
    .reduce((soFar, observed) => addMinute(soFar, minuteIn(evidence, observed)), promotion);
  return { evidence: { ...evidence, promotion, readUpTo, unseenMinutes }, ahead, minutes };
}

/** How many minutes of the current window are closed: their figures are complete. */
export function knownMinutes(evidence: PromotionEvidence): number {
  return isInCurrentStep(evidence, evidence.promotion) ? minuteOfWindow(evidence.promotion) : 0;
}

/**
 * Adds what was found out without counting requests: whether the candidate is ready, and whether a smoke check passed.
 */
export function withLook(
  { begun }: PromotionEvidence,
  promotion: Promotion,
  look: { ready?: boolean; smokePassed?: boolean },
): Promotion {
  const step = begun.at(-1)?.percent;
  if (step === undefined || Object.keys(look).length === 0) return promotion;
  return addMinute(promotion, { step, canary: { requests: 0, errors: 0, ...look } });
}

function isInCurrentStep({ begun }: PromotionEvidence, promotion: Promotion): boolean {
  return currentStep(promotion) === begun.at(-1)?.percent && promotion.minuteOfStep > 0;
}

/**
 * A minute belongs to the last step that began before the minute ended. At 100 %, stable's present figures are left
 * out, because the candidate is then compared with stable's past.
 */
function minuteIn({ begun }: PromotionEvidence, { startsAt, stable, canary }: ObservedMinute): Minute {
  const end = startsAt.getTime() + MINUTE_MS;
  const step = (begun.findLast(({ at }) => at < end) ?? begun[0])?.percent ?? 100;
  return step === 100 ? { step, canary } : { step, stable, canary };
}

function nextMinute(ms: number): number {
  return Math.ceil(ms / MINUTE_MS) * MINUTE_MS;
}
