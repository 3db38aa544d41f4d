import type { Verdict } from '../verdict/judge.ts';
import type { WalkSettings } from './plan.ts';

/**
 * What to do next with a step. `isOverride` means that the verdict was inconclusive, so the setting
 * CANARY_ON_INCONCLUSIVE decided.
 */
export type Decision =
  | { readonly next: 'wait' | 'extend' | 'hold' }
  | { readonly next: 'advance' | 'finish' | 'rollback'; readonly isOverride: boolean };

/** The state of a step at one poll. */
type StepProgress = {
  readonly verdict: Verdict['verdict'];
  readonly percent: number;
  /** How many minutes of the window are closed, which means that their figures are complete. */
  readonly knownMinutes: number;
  /** How long the step has been watched, in minutes since its window began. */
  readonly watchedMinutes: number;
  /** Whether something that the step needs could not be read yet, and one of the next polls is expected to read it. */
  readonly isBehind: boolean;
  /** How many of the last minutes may still be incomplete, because the platform reports figures with a delay. */
  readonly delayMinutes: number;
};

/**
 * The rule of a promotion: roll back at once when unhealthy, continue only when healthy, and otherwise wait, at most
 * for the longest window. A window is over when all its minutes are closed, or when they should be closed by now but
 * could not be read.
 */
export function decide(
  { verdict, percent, knownMinutes, watchedMinutes, delayMinutes, isBehind }: StepProgress,
  { windowMinutes, maxWindowMinutes, ...settings }: WalkSettings,
): Decision {
  const isOver = (minutes: number): boolean =>
    knownMinutes >= minutes || watchedMinutes >= minutes + delayMinutes;
  if (verdict === 'unhealthy') return { next: 'rollback', isOverride: false };
  if (verdict === 'healthy' && knownMinutes >= windowMinutes)
    return { next: onwards(percent), isOverride: false };
  if (isBehind) return { next: 'wait' };
  if (!isOver(maxWindowMinutes)) return { next: isOver(windowMinutes) ? 'extend' : 'wait' };
  return whenInconclusive(percent, settings);
}

/** What the user wants when nothing could be decided in the longest time. */
export function whenInconclusive(
  percent: number,
  { onInconclusive }: Pick<WalkSettings, 'onInconclusive'>,
): Decision {
  switch (onInconclusive) {
    case 'hold':
      return { next: 'hold' };
    case 'rollback':
      return { next: 'rollback', isOverride: true };
    case 'advance':
      return { next: onwards(percent), isOverride: true };
  }
}

/** Whether the next step follows, or the end of the promotion, once the candidate has passed its checks. */
export function isOnwards({ next }: Decision): boolean {
  return next === 'advance' || next === 'finish';
}

function onwards(percent: number): 'advance' | 'finish' {
  return percent === 100 ? 'finish' : 'advance';
}
