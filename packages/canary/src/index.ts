export { observeMetrics, type RawTimeSeries } from './cloud/metrics.ts';
export {
  type OpenedSource,
  openObservationSource,
  type SourceChoice,
  type SourceRequest,
} from './cloud/open-source.ts';
export { chooseSource, metricFilter, requestLogFilter } from './cloud/queries.ts';
export { observeRequestLog, type RawLogEntry } from './cloud/request-log.ts';
export { countText } from './figures.ts';
export { judgeRecording } from './judge-recording.ts';
export { type JudgedRevisions, judgeLastWindow, type WindowVerdict } from './judge-window.ts';
export { readRecording } from './observations/read-recording.ts';
export type { ObservedMinute } from './observations/source.ts';
export { DocumentSplitter, type TextDocument } from './observations/text-documents.ts';
export { defaultLimits, type Limits, type Minute, type Observation } from './observations/types.ts';
export { failureOf, isItsTraffic, promotionOn } from './promotion/bookkeeping.ts';
export type { PromotionEvent, PromotionOutcome, SmokeLook, StageLook } from './promotion/events.ts';
export type { Walker } from './promotion/ownership.ts';
export { planPromotion, type WalkSettings } from './promotion/plan.ts';
export type { PromotionSource, WalkRequest } from './promotion/request.ts';
export { walkPromotion } from './promotion/walk.ts';
export { addMinute, beginFreshWindow, beginPromotion, type Promotion } from './promotion.ts';
export type { SignalVerdict } from './signals/signal-verdict.ts';
export { mergeHistograms, p95 } from './statistics/latency-histogram.ts';
export type { Tally } from './statistics/tally.ts';
export { isUnhealthy, judge, type Verdict } from './verdict.ts';
