import { currentStep, minuteOfWindow, nextStep, type Promotion } from './promotion.ts';
import {
  healthyReason,
  inconclusiveErrorsReason,
  nothingSeenReason,
  slowAt100Reason,
  tooFewRequestsReason,
  unhealthyReason,
  windowReason,
} from './reasons.ts';
import { isErrorRateBad, isSlowAt100, mayBeChance, unhealthySignals } from './signals/rules.ts';
import { type SignalVerdict, signalVerdicts } from './signals/signal-verdict.ts';

/** The verdict on a window. Unhealthy takes precedence over inconclusive, and inconclusive over healthy. */
export type Verdict = {
  readonly verdict: 'healthy' | 'unhealthy' | 'inconclusive';
  /** The minute in which this was decided, counted from 1 since the promotion began. */
  readonly minute: number;
  /** One sentence, with the figures behind it. */
  readonly reason: string;
  readonly signals: readonly SignalVerdict[];
};

type JudgeOptions = {
  /**
   * Whether the window is over. Default: whether all its minutes were added. A caller that adds minutes before they are
   * over has to set this, because the default would be true too early.
   */
  readonly isWindowOver?: boolean;
  /** How many minutes of the window have passed, for use in the reason. Default: as many as were added. */
  readonly watchedMinutes?: number;
  /** Why something could not be measured: a reason to wait, never one to roll back. */
  readonly unreadable?: string;
};

/** Judges a promotion so far: it can be `unhealthy` at any time, but `healthy` only once the window is over. */
export function judge(promotion: Promotion, options: JudgeOptions = {}): Verdict {
  const isWindowOver = options.isWindowOver ?? isWindowComplete(promotion);
  const bad = unhealthySignals(promotion, isWindowOver);
  const [worst] = bad;
  const doubt = worst === undefined ? doubtAbout(promotion, isWindowOver, options) : undefined;
  const kind = worst !== undefined ? 'unhealthy' : doubt !== undefined ? 'inconclusive' : 'healthy';
  return {
    verdict: kind,
    minute: promotion.minute,
    reason: worst !== undefined ? unhealthyReason(promotion, worst) : (doubt ?? healthyReason(promotion)),
    signals: signalVerdicts(promotion, bad, isWindowOver),
  };
}

/** Whether the verdict is `unhealthy`. Faster than `judge`, because it does not work out the reasons. */
export function isUnhealthy(promotion: Promotion): boolean {
  return unhealthySignals(promotion, isWindowComplete(promotion)).length > 0;
}

/** Whether all minutes of the current window were added. */
function isWindowComplete(promotion: Promotion): boolean {
  return minuteOfWindow(promotion) >= promotion.plan.windowMinutes;
}

function doubtAbout(
  promotion: Promotion,
  isWindowOver: boolean,
  { unreadable, watchedMinutes }: JudgeOptions,
): string | undefined {
  const needed = requestsNeeded(promotion);
  if (unreadable !== undefined) return `cannot tell what the candidate did: ${unreadable}`;
  if (!isWindowOver) return windowReason(promotion, watchedMinutes);
  if (promotion.canaryRequests < needed) return tooFewRequestsReason(promotion, needed);
  // Requests of earlier steps do not make up for a step in which none were seen: the logs of this step may be lost.
  if (needed > 0 && promotion.errors.canary.requests === 0) return nothingSeenReason(promotion);
  if (isErrorRateBad(promotion) && !mayBeChance(promotion)) return inconclusiveErrorsReason(promotion);
  if (isSlowAt100(promotion)) return slowAt100Reason(promotion);
  return undefined;
}

/** How many requests the candidate must have had, since the promotion began, before the verdict may be `healthy`. */
function requestsNeeded(promotion: Promotion): number {
  const { minRequests } = promotion.plan.limits;
  return Math.ceil((minRequests * (currentStep(promotion) === 100 ? 100 : nextStep(promotion))) / 100);
}
