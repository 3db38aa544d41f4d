/**
 * Latencies in buckets: `counts[i]` requests took at most `boundsMs[i]` and more than the bound before it. The last
 * count has the requests above the last bound.
 */
export type LatencyHistogram = {
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
};

/** Requests to the paths of one task, such as signing in. Any 4xx or 5xx except 401 is a failure. */
export type PathFailures = {
  readonly requests: number;
  readonly failures: number;
  /** How many of the failures were 5xx. Without session affinity only these count. */
  readonly serverErrors?: number;
};

/** What one minute of one revision showed. A missing field was not measured and is not judged. */
export type Observation = {
  readonly requests: number;
  /** Requests that were answered with a 5xx. */
  readonly errors: number;
  readonly latency?: LatencyHistogram;
  readonly signIn?: PathFailures;
  readonly syncToken?: PathFailures;
  /** Pages that were served, and the route decisions that the service logged for those pages. */
  readonly pages?: number;
  readonly routeDecisions?: number;
  /** Route decisions that were logged but are not JSON. */
  readonly unreadableDecisions?: number;
  readonly ready?: boolean;
  readonly smokePassed?: boolean;
};

/** One clock minute of both revisions. At 100 %, stable may be missing, because it has no traffic. */
export type Minute = {
  /** The step, in percent, that this minute belongs to. */
  readonly step: number;
  readonly stable?: Observation;
  readonly canary: Observation;
};

export type Limits = {
  readonly max5xxPercent: number;
  readonly maxP95IncreasePercent: number;
  readonly p95FloorMs: number;
  /**
   * How many requests the candidate must have had before the step to 100 %. Before a smaller step, that step's
   * percentage of this number is enough.
   */
  readonly minRequests: number;
  /** At most this percentage of good candidates may be rolled back by mistake. */
  readonly falseAlarmPercent: number;
};

/** A promotion, or part of one, as it was recorded. */
export type Recording = {
  /** The percentages of the steps, rising. */
  readonly steps: readonly number[];
  /** How long each step is watched, in minutes. If missing, the window ends with the recording. */
  readonly windowMinutes?: number;
  readonly limits: Limits;
  /** Whether session affinity is on for both revisions. Without it, the split by itself can break sign-ins. */
  readonly affinity: boolean;
  /** Stable's minutes before the promotion, oldest first. */
  readonly history: readonly Observation[];
  readonly minutes: readonly Minute[];
};
