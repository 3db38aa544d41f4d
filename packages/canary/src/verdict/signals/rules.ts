import { lowerRateBound } from '../../statistics/rate-bounds.ts';
import { isRateAtLeast, isRateAtLeastTimes } from '../../statistics/tally.ts';
import { type AuditCounts, currentStep, type Promotion } from '../promotion.ts';
import type { Comparison } from './comparison.ts';
import { isCandidateSlow } from './latency.ts';

/** The signals, in order of precedence: if several are bad, the first of them gives the verdict's reason. */
export const signalNames = [
  'smoke',
  'readiness',
  'errors',
  'sign-in',
  'sync tokens',
  'latency',
  'audit events',
] as const;
export type SignalName = (typeof signalNames)[number];

/**
 * How many signals compare the candidate with stable. Each gets an equal share of the allowed false alarms, even if it
 * has no figures.
 */
const COMPARED_SIGNALS = 4;
/** A candidate with this much evidence against it may not continue, although a rollback takes more evidence. */
const SUSPICIOUS = Math.log(10);
/** The lowest percentage of failed sign-ins or sync tokens that justifies a rollback. */
export const LEAST_PATH_PERCENT = 1;
/**
 * A rollback because of failed sign-ins or sync tokens takes a rate of at least this many times stable's. At 100 %, a
 * rollback because of these or of errors also takes a rate of at least this many times the previous step's, where both
 * revisions are counted together.
 */
const WORSE_TIMES = 2;

/**
 * How much evidence a rollback takes, as a natural logarithm: ln(4/alpha), where alpha is the allowed rate of false
 * alarms.
 */
export function lnBound({ plan }: Promotion): number {
  return Math.log((COMPARED_SIGNALS * 100) / plan.limits.falseAlarmPercent);
}

/** Whether the candidate got more than its share of the failures, beyond what chance explains. */
export function isWorse(promotion: Promotion, { evidence }: Comparison): boolean {
  return evidence.ln >= lnBound(promotion);
}

/** The signals that require a rollback. Some of them can be judged only once the window is over. */
export function unhealthySignals(promotion: Promotion, isWindowOver: boolean): SignalName[] {
  return signalNames.filter((signal) => isUnhealthy(promotion, signal, isWindowOver));
}

function isUnhealthy(promotion: Promotion, signal: SignalName, isWindowOver: boolean): boolean {
  const { smoke, readiness, errors, signIn, syncToken, latency, audit } = promotion;
  switch (signal) {
    case 'smoke':
      return smoke.failed > 0;
    case 'readiness':
      return readiness.failed > 0;
    case 'errors':
      return isWorse(promotion, errors) && isErrorRateBad(promotion) && isWorseThanBefore(promotion, errors);
    case 'sign-in':
      return isPathBad(promotion, signIn);
    case 'sync tokens':
      return isPathBad(promotion, syncToken);
    case 'latency':
      return (
        currentStep(promotion) < 100 &&
        isWorse(promotion, latency.comparison) &&
        isCandidateSlow(latency, currentStep(promotion))
      );
    case 'audit events':
      return (
        isWindowOver &&
        audit.pages > 0 &&
        (hasLostDecisions(audit, lnBound(promotion)) || audit.unreadable > 0)
      );
  }
}

/** Whether the candidate's own error rate in this step is at or above the limit. */
export function isErrorRateBad({ errors, plan }: Promotion): boolean {
  return isRateAtLeast(errors.canary, plan.limits.max5xxPercent);
}

/**
 * Whether chance may explain an error rate that has reached the limit. This is so if the true rate may well be below
 * the limit, and nothing shows that the candidate is worse than stable. When requests are few, a single failure already
 * exceeds any limit.
 */
export function mayBeChance({ errors, plan }: Promotion): boolean {
  const lower = lowerRateBound(errors.canary, errors.clumpDivisor ?? 1);
  return lower * 100 < plan.limits.max5xxPercent && errors.evidence.ln < SUSPICIOUS;
}

/**
 * Whether the candidate is slow at 100 %. At that step it is compared with stable's past, and something else may have
 * changed since. Slowness is then a reason to wait, not to roll back.
 */
export function isSlowAt100(promotion: Promotion): boolean {
  const { latency } = promotion;
  return (
    currentStep(promotion) === 100 && isWorse(promotion, latency.comparison) && isCandidateSlow(latency, 100)
  );
}

/** Whether the project keeps only a sample of its log lines. Then stable has fewer decisions than pages, too. */
export function isSampled({ stable }: AuditCounts): boolean {
  return stable.decisions > 0 && stable.decisions < stable.pages;
}

/**
 * Whether the candidate logged no decision for its pages. If log lines are sampled, this is true only if the chance that
 * the sample missed all of the candidate's lines is smaller than the permitted chance of a false alarm.
 */
function hasLostDecisions(audit: AuditCounts, bound: number): boolean {
  const { pages, decisions, stable } = audit;
  if (decisions > 0) return false;
  return !isSampled(audit) || -pages * Math.log1p(-stable.decisions / stable.pages) >= bound;
}

function isPathBad(promotion: Promotion, comparison: Comparison): boolean {
  const { canary, stable } = comparison;
  return (
    isWorse(promotion, comparison) &&
    isRateAtLeast(canary, LEAST_PATH_PERCENT) &&
    isRateAtLeastTimes(canary, WORSE_TIMES, stable) &&
    isWorseThanBefore(promotion, comparison)
  );
}

function isWorseThanBefore(promotion: Promotion, { canary, stepBefore }: Comparison): boolean {
  return currentStep(promotion) < 100 || isRateAtLeastTimes(canary, WORSE_TIMES, stepBefore);
}
