import { currentStep, minuteOfWindow, nextStep, type Promotion } from './promotion.ts';
import {
  healthyReason,
  inconclusiveErrorsReason,
  slowAt100Reason,
  tooFewRequestsReason,
  unhealthyReason,
  windowReason,
} from './reasons.ts';
import { isErrorRateBad, isSlowAt100, mayBeChance, unhealthySignals } from './signals/rules.ts';
import { type SignalVerdict, signalVerdicts } from './signals/signal-verdict.ts';

/** What a window has shown. The precedence is unhealthy, inconclusive, healthy. */
export type Verdict = {
  readonly verdict: 'healthy' | 'unhealthy' | 'inconclusive';
  /** The minute it was decided in, counted from 1 since the promotion began. */
  readonly minute: number;
  /** One sentence, with the figures it rests on. */
  readonly reason: string;
  readonly signals: readonly SignalVerdict[];
};

export type JudgeOptions = {
  /**
   * Default: as many minutes were added as the window has. A minute that is still open is none of these: with one added, ask
   * `isWindowComplete` of the promotion without it.
   */
  readonly isWindowOver?: boolean;
  /** Why something could not be measured: a reason to wait, never one to roll back. */
  readonly unreadable?: string;
};

/** Judges a promotion as it stands: `unhealthy` at any time, `healthy` only once the window is over. */
export function judge(promotion: Promotion, options: JudgeOptions = {}): Verdict {
  const isWindowOver = options.isWindowOver ?? isWindowComplete(promotion);
  const bad = unhealthySignals(promotion, isWindowOver);
  const [worst] = bad;
  const doubt = worst === undefined ? doubtAbout(promotion, isWindowOver, options.unreadable) : undefined;
  const kind = worst !== undefined ? 'unhealthy' : doubt !== undefined ? 'inconclusive' : 'healthy';
  return {
    verdict: kind,
    minute: promotion.minute,
    reason: worst !== undefined ? unhealthyReason(promotion, worst) : (doubt ?? healthyReason(promotion)),
    signals: signalVerdicts(promotion, bad, isWindowOver),
  };
}

/** Whether `judge` would say `unhealthy`, without the work of saying why. */
export function isUnhealthy(promotion: Promotion): boolean {
  return unhealthySignals(promotion, isWindowComplete(promotion)).length > 0;
}

/** Whether as many minutes were added as the current window has. */
export function isWindowComplete(promotion: Promotion): boolean {
  return minuteOfWindow(promotion) >= promotion.plan.windowMinutes;
}

function doubtAbout(
  promotion: Promotion,
  isWindowOver: boolean,
  unreadable: string | undefined,
): string | undefined {
  const needed = requestsNeeded(promotion);
  if (unreadable !== undefined) return `what the candidate did cannot be told: ${unreadable}`;
  if (!isWindowOver) return windowReason(promotion);
  if (promotion.canaryRequests < needed) return tooFewRequestsReason(promotion, needed);
  if (isErrorRateBad(promotion) && !mayBeChance(promotion)) return inconclusiveErrorsReason(promotion);
  if (isSlowAt100(promotion)) return slowAt100Reason(promotion);
  return undefined;
}

/** How many requests the candidate must have had since the promotion began before `healthy` can be said. */
export function requestsNeeded(promotion: Promotion): number {
  const { minRequests } = promotion.plan.limits;
  return Math.ceil((minRequests * (currentStep(promotion) === 100 ? 100 : nextStep(promotion))) / 100);
}
