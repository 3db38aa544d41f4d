export { betaCdf, betaQuantile, binomialCdf } from './beta.ts';
export { clumpDivisor } from './clump-divisor.ts';
export {
  addMinuteEvidence,
  beginNextStep,
  lnMinuteFactor,
  noEvidence,
  RATE_RATIOS,
  type SignalEvidence,
} from './evidence.ts';
export { latencyThreshold, mergeHistograms, p95 } from './latency-histogram.ts';
export { lowerRateBound, upperRateBound } from './rate-bounds.ts';
export type { Tally } from './tally.ts';
