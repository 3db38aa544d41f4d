export { judgeRecording } from './judge-recording.ts';
export { type JudgedRevisions, judgeLastWindow, type WindowVerdict } from './judge-window.ts';
export { readRecording } from './observations/read-recording.ts';
export { DocumentSplitter, type TextDocument } from './observations/text-documents.ts';
export { failureOf, isItsTraffic, promotionOn } from './promotion/bookkeeping.ts';
export type { PromotionEvent, PromotionOutcome, SmokeLook, StageLook } from './promotion/events.ts';
export type { Walker } from './promotion/ownership.ts';
export { planPromotion, type WalkSettings } from './promotion/plan.ts';
export { walkPromotion } from './promotion/walk.ts';
