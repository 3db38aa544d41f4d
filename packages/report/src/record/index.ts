export { applyEvent } from './apply-event.ts';
export { canonicalBaseUrl } from './base-url.ts';
export type { ReportRecord } from './schema.ts';
export { rollbackCommand, stableNow, trafficNow } from './split.ts';
export { verdictOf } from './verdict.ts';
