export { countText } from './figures.ts';
export { isUnhealthy, judge, type Verdict } from './judge.ts';
export type { Limits, Minute, Observation } from './observation.ts';
export { addMinute, beginFreshWindow, beginPromotion, type Promotion } from './promotion.ts';
export type { SignalVerdict } from './signals/signal-verdict.ts';
