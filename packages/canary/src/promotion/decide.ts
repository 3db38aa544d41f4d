import type { Verdict } from '../verdict.ts';
import type { WalkSettings } from './plan.ts';

/** What to do next with a step. `override` continues without a decision, as CANARY_ON_INCONCLUSIVE says. */
export type Decision =
  | { readonly next: 'wait' | 'extend' | 'hold' }
  | { readonly next: 'advance' | 'finish' | 'rollback'; readonly isOverride: boolean };

export type Standing = {
  readonly verdict: Verdict['verdict'];
  readonly percent: number;
  readonly isWindowOver: boolean;
  /** How long the step has been watched, in minutes since its window began. */
  readonly watchedMinutes: number;
  /** Whether older minutes have not been read yet. The next look continues with them. */
  readonly isBehind: boolean;
  /** How many of the watched minutes may still be incomplete on the platform. */
  readonly delayMinutes: number;
};

/**
 * The rule of a promotion: roll back at once when unhealthy, continue only when healthy, and otherwise wait, up to the
 * longest window.
 */
export function decide(
  { verdict, percent, isWindowOver, watchedMinutes, delayMinutes, isBehind }: Standing,
  { windowMinutes, maxWindowMinutes, onInconclusive }: WalkSettings,
): Decision {
  const onwards = percent === 100 ? 'finish' : 'advance';
  if (verdict === 'unhealthy') return { next: 'rollback', isOverride: false };
  if (verdict === 'healthy' && isWindowOver) return { next: onwards, isOverride: false };
  if (isBehind) return { next: 'wait' };
  if (watchedMinutes < maxWindowMinutes + delayMinutes)
    return { next: watchedMinutes < windowMinutes + delayMinutes ? 'wait' : 'extend' };
  switch (onInconclusive) {
    case 'hold':
      return { next: 'hold' };
    case 'rollback':
      return { next: 'rollback', isOverride: true };
    case 'advance':
      return { next: onwards, isOverride: true };
  }
}
