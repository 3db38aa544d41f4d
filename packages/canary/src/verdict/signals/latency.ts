import {
  type LatencyThreshold,
  latencyThreshold,
  mergeHistograms,
  slowerThan,
} from '../../statistics/latency-histogram.ts';
import { isRateAtLeast, noRequests, sumTallies, type Tally } from '../../statistics/tally.ts';
import type { LatencyHistogram, Limits, Observation } from '../observation.ts';
import {
  addComparisonMinute,
  beginComparison,
  beginComparisonStep,
  type Comparison,
  type MinutePlace,
  type StepToBegin,
} from './comparison.ts';

/** Without a history, this many first minutes of stable set the threshold. They are not judged. */
const LEARNING_MINUTES = 3;
/** How many of the slowest minutes of a step are ignored: they may be a cold start, or a pause of one instance. */
const FORGIVEN_MINUTES = 3;
const SLOW_PERCENT = 5;
/** If the threshold is more than this many times stable's p95, a candidate twice as slow as stable may go unnoticed. */
const COARSE_RATIO = 1.7;

/**
 * Compares how many requests of each revision are slow, which means that they take longer than the threshold. The
 * threshold is set once, so that it cannot drift with the traffic.
 */
export type LatencySignal = {
  readonly limits: Pick<Limits, 'maxP95IncreasePercent' | 'p95FloorMs'>;
  readonly threshold:
    | { readonly state: 'learning'; readonly seen: readonly LatencyHistogram[] }
    | ({ readonly state: 'known' } & LatencyThreshold)
    /** Stable's p95, or the threshold, is above the histogram's last bound. */
    | { readonly state: 'out of range' };
  readonly comparison: Comparison;
  /** The candidate's minutes of this step. */
  readonly minutes: readonly Tally[];
};

export function beginLatency(
  plan: { steps: readonly number[]; windowMinutes: number },
  history: readonly Observation[],
  limits: LatencySignal['limits'],
): LatencySignal {
  const histograms = history.flatMap(({ latency }) => latency ?? []);
  const threshold = thresholdFrom(histograms, limits);
  const tallies =
    threshold?.state === 'known'
      ? histograms.flatMap((histogram) => slowerThan(histogram, threshold.ms) ?? [])
      : [];
  return {
    limits,
    threshold: threshold ?? { state: 'learning', seen: [] },
    comparison: beginComparison(plan, tallies, { clumpsFromHistory: false }),
    minutes: [],
  };
}

function thresholdFrom(
  histograms: readonly LatencyHistogram[],
  limits: LatencySignal['limits'],
): Exclude<LatencySignal['threshold'], { state: 'learning' }> | undefined {
  const merged = mergeHistograms(histograms);
  if (merged === undefined) return undefined;
  const threshold = latencyThreshold(merged, limits);
  return threshold === undefined ? { state: 'out of range' } : { state: 'known', ...threshold };
}

export function beginLatencyStep(signal: LatencySignal, next: StepToBegin): LatencySignal {
  return { ...signal, comparison: beginComparisonStep(signal.comparison, next), minutes: [] };
}

export function addLatencyMinute(
  signal: LatencySignal,
  canary: LatencyHistogram | undefined,
  stable: LatencyHistogram | undefined,
  place: MinutePlace,
): LatencySignal {
  const { threshold } = signal;
  if (threshold.state === 'learning')
    return stable === undefined ? signal : learn(signal, threshold.seen, stable);
  if (threshold.state === 'out of range') return signal;
  const slow = canary && slowerThan(canary, threshold.ms);
  const comparison = addComparisonMinute(
    signal.comparison,
    slow,
    stable && slowerThan(stable, threshold.ms),
    place,
  );
  if (slow === undefined || comparison === signal.comparison) return signal;
  return { ...signal, comparison, minutes: [...signal.minutes, slow] };
}

function learn(
  signal: LatencySignal,
  before: readonly LatencyHistogram[],
  stable: LatencyHistogram,
): LatencySignal {
  const seen = [...before, stable];
  const threshold = seen.length < LEARNING_MINUTES ? undefined : thresholdFrom(seen, signal.limits);
  return { ...signal, threshold: threshold ?? { state: 'learning', seen } };
}

/**
 * Whether the candidate itself is slow: its share of slow requests reaches the limit even without its slowest minutes.
 * Three minutes are left out, or half of all minutes when the candidate has 100 % of the traffic.
 */
export function isCandidateSlow({ minutes }: LatencySignal, percent: number): boolean {
  const forgiven = percent === 100 ? Math.floor(minutes.length / 2) : FORGIVEN_MINUTES;
  const rest = minutes.toSorted((a, b) => b.failed - a.failed).slice(forgiven);
  return isRateAtLeast(rest.reduce(sumTallies, noRequests), SLOW_PERCENT);
}

/** The ratio of the threshold to p95, if it is so large that a slow candidate may go unnoticed. */
export function coarseness({ threshold }: LatencySignal): number | undefined {
  if (threshold.state !== 'known') return undefined;
  const ratio = threshold.ms / threshold.p95Ms;
  return ratio > COARSE_RATIO ? ratio : undefined;
}
