export type { ObservedMinute } from '../observations/source.ts';
export { histogramOf, observeMetrics, type RawTimeSeries } from './metrics.ts';
export {
  type OpenedSource,
  openObservationSource,
  type SourceChoice,
  type SourceRequest,
} from './open-source.ts';
export { chooseSource, metricFilter, requestLogFilter } from './queries.ts';
export { observeRequestLog, type RawLogEntry } from './request-log.ts';
