import { binomialCdf } from '../statistics/beta.ts';
import { upperRateBound } from '../statistics/rate-bounds.ts';
import { isRateAtLeast, type Tally } from '../statistics/tally.ts';
import { countText, percentText, rateOf, tallyText } from './figures.ts';
import { currentStep, minuteOfWindow, nextStep, type Promotion } from './promotion.ts';
import type { Comparison } from './signals/comparison.ts';
import { isWorse, LEAST_PATH_PERCENT, type SignalName } from './signals/rules.ts';
import { roundedMs } from './signals/signal-verdict.ts';

const NOT_SIDE_BY_SIDE =
  'the candidate gets all the traffic, so it was compared with stable before the promotion, not at the same time';

/** The reason to roll the candidate back, with this step's figures. */
export function unhealthyReason(promotion: Promotion, signal: SignalName): string {
  const { smoke, readiness, errors, signIn, syncToken, latency, audit, plan } = promotion;
  switch (signal) {
    case 'smoke':
      return `${countText(smoke.failed)} of ${countText(smoke.requests)} smoke checks of the candidate failed`;
    case 'readiness':
      return `the candidate was not ready in ${countText(readiness.failed)} of ${countText(readiness.requests)} checks`;
    case 'errors':
      return `${whose(promotion, errors, 'requests')}; the limit is ${plan.limits.max5xxPercent} %`;
    case 'sign-in':
      return `${whose(promotion, signIn, 'sign-ins')}; the limit is ${LEAST_PATH_PERCENT} % and twice stable's rate`;
    case 'sync tokens':
      return `${whose(promotion, syncToken, 'sync token requests')}; the limit is ${LEAST_PATH_PERCENT} % and twice stable's rate`;
    case 'latency':
      return slowness(promotion, latency.comparison);
    case 'audit events':
      return audit.decisions === 0
        ? `the candidate served ${countText(audit.pages)} pages and logged no route.split.decision`
        : `${countText(audit.unreadable)} of the candidate's ${countText(audit.decisions)} route.split.decision events are not JSON`;
  }
}

/** The reason to wait: nothing is wrong so far, but more requests of this window may arrive. */
export function windowReason(promotion: Promotion, watchedMinutes = minuteOfWindow(promotion)): string {
  const { plan, errors } = promotion;
  const failed = `${tallyText(errors.canary)} candidate requests failed`;
  return watchedMinutes >= plan.windowMinutes
    ? `${failed} so far: the window is over, and its last requests may still arrive`
    : `nothing decided yet: ${watchedMinutes} of ${plan.windowMinutes} minutes of the window were watched, and ${failed}`;
}

export function tooFewRequestsReason(promotion: Promotion, needed: number): string {
  const next =
    currentStep(promotion) === 100 ? 'the promotion can end' : `the step to ${nextStep(promotion)} %`;
  return `too few requests: the candidate had ${countText(promotion.canaryRequests)} since the promotion began, and ${countText(needed)} are needed before ${next}`;
}

/** The reason when enough requests were seen in earlier steps, but none in this one. */
export function nothingSeenReason(promotion: Promotion): string {
  return `not one request of the candidate was seen at ${currentStep(promotion)} %: it got none, or their logs were lost`;
}

/** The reason when the candidate's error rate has reached the limit, but the candidate may not be the cause. */
export function inconclusiveErrorsReason(promotion: Promotion): string {
  const { errors, plan } = promotion;
  const { canary, stable } = errors;
  const limit = plan.limits.max5xxPercent;
  if (isRateAtLeast(stable, limit))
    return `both are bad: ${percentText(rateOf(canary))} of the candidate's requests and ${percentText(rateOf(stable))} of stable's failed, the limit is ${limit} %; a rollback would not help`;
  return `${tallyText(canary)} candidate requests failed (${percentText(rateOf(canary))}), the limit is ${limit} %, and stable's ${tallyText(stable)} do not tell whether that is the candidate's doing`;
}

export function slowAt100Reason(promotion: Promotion): string {
  return `${slowness(promotion, promotion.latency.comparison)}, which is no reason to roll back`;
}

/** The reason for `healthy`: what is known about the candidate, and what is not. */
export function healthyReason(promotion: Promotion): string {
  const { errors, plan } = promotion;
  const { canary, stable } = errors;
  const isLast = currentStep(promotion) === 100;
  const beside = isLast ? 'stable before the promotion' : 'stable';
  const worse = isWorse(promotion, errors) ? 'worse than stable, but under the limit: ' : '';
  const seen = `${worse}${tallyText(canary)} candidate requests failed (${beside} ${tallyText(stable)})`;
  const known = canary.requests === 0 ? '' : `: ${whatIsKnown(canary, plan.limits.max5xxPercent)}`;
  return isLast ? `${seen}${known}; ${NOT_SIDE_BY_SIDE}` : `${seen}${known}`;
}

/**
 * How high the candidate's error rate may really be, and how often a candidate with twice the allowed rate would look
 * as good as this one.
 */
function whatIsKnown(canary: Tally, limitPercent: number): string {
  const upper = `fewer than ${percentText(upperRateBound(canary))} fail (95 % sure, if failures come singly)`;
  const bad = Math.min(100, 2 * limitPercent);
  const chance = binomialCdf(canary.failed, canary.requests, bad / 100);
  if (chance < 0.005) return upper;
  return `${upper}; one failing ${bad} % would look like this in ${Math.round(chance * 100)} % of windows`;
}

/** Which revision the failures hit: "5 of the 6 failed requests hit the candidate, which got 5 % of the traffic". */
function whose(promotion: Promotion, { canary, stable }: Comparison, what: string): string {
  const rate = `${percentText(rateOf(canary))} of its ${what} failed`;
  if (currentStep(promotion) === 100)
    return `${tallyText(canary)} ${what} of the candidate failed (${percentText(rateOf(canary))}; stable before the promotion ${percentText(rateOf(stable))}): ${NOT_SIDE_BY_SIDE}`;
  const all = canary.failed + stable.failed;
  const share = canary.requests / (canary.requests + stable.requests);
  const hit =
    stable.failed === 0 ? `all ${countText(all)}` : `${countText(canary.failed)} of the ${countText(all)}`;
  return `${hit} failed ${what} hit the candidate, which got ${percentText(share)} of ${what === 'requests' ? 'the traffic' : 'them'}; ${rate}`;
}

function slowness(promotion: Promotion, { canary, stable }: Comparison): string {
  const { threshold } = promotion.latency;
  const ms = threshold.state === 'known' ? roundedMs(threshold.ms) : '?';
  const last = currentStep(promotion) === 100;
  const others = `${percentText(rateOf(stable))} of stable's${last ? ' before the promotion' : ''}`;
  return `${percentText(rateOf(canary))} of the candidate's requests took longer than ${ms} ms, and ${others} (${tallyText(canary)}, ${tallyText(stable)})${last ? `: ${NOT_SIDE_BY_SIDE}` : ''}`;
}
