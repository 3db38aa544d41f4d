export { observeMetrics, type RawMetrics, type RawTimeSeries } from './cloud/metrics.ts';
export type { Arrival } from './cloud/minutes.ts';
export {
  type OpenedSource,
  openObservationSource,
  type SourceChoice,
  type SourceRequest,
} from './cloud/open-source.ts';
export {
  type ChosenSource,
  chooseSource,
  metricFilter,
  type ReadingHabit,
  requestLogFilter,
} from './cloud/queries.ts';
export { observeRequestLog, type RawLogEntry } from './cloud/request-log.ts';
export { countText, percentText } from './figures.ts';
export { judgeRecording } from './judge-recording.ts';
export {
  type JudgedRevisions,
  judgeLastWindow,
  type WindowPlan,
  type WindowVerdict,
} from './judge-window.ts';
export { readRecording } from './observations/read-recording.ts';
export type {
  HistoryQuery,
  HistoryReading,
  ObservationQuery,
  ObservationSource,
  ObservedMinute,
  ReadMinutes,
  SourceReading,
  Unreadable,
} from './observations/source.ts';
export { DocumentSplitter, type TextDocument } from './observations/text-documents.ts';
export {
  defaultLimits,
  type LatencyHistogram,
  type Limits,
  type Minute,
  type Observation,
  type PathFailures,
  type Recording,
} from './observations/types.ts';
export { isItsTraffic, promotionOn } from './promotion/bookkeeping.ts';
export type { PromotionEvent, PromotionOutcome, SmokeLook, StageLook } from './promotion/events.ts';
export type { Walker } from './promotion/ownership.ts';
export { type PlannedAction, planPromotion, type WalkSettings } from './promotion/plan.ts';
export { type PromotionSource, type WalkRequest, walkPromotion } from './promotion/walk.ts';
export {
  addMinute,
  beginFreshWindow,
  beginPromotion,
  currentStep,
  minuteOfWindow,
  type Promotion,
  type PromotionPlan,
} from './promotion.ts';
export type { SignalName } from './signals/rules.ts';
export type { SignalVerdict } from './signals/signal-verdict.ts';
export { mergeHistograms, p95 } from './statistics/latency-histogram.ts';
export type { Tally } from './statistics/tally.ts';
export {
  isUnhealthy,
  isWindowComplete,
  type JudgeOptions,
  judge,
  requestsNeeded,
  type Verdict,
} from './verdict.ts';
