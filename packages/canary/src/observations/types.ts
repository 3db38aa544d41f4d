/** Latencies in buckets: `counts[i]` requests took at most `boundsMs[i]` and more than the bound before; the last count is of
 * those above the last bound. */
export type LatencyHistogram = {
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
};

/** Requests to the paths of one job, such as signing in, and how many of them failed with a 4xx or 5xx. */
export type PathFailures = {
  readonly requests: number;
  readonly failures: number;
  /** How many of the failures were 5xx: what counts while sessions are not kept on one revision. */
  readonly serverErrors?: number;
};

/** What one minute of one revision showed. What is missing was not measured, and is not judged. */
export type Observation = {
  readonly requests: number;
  /** Requests that were answered with a 5xx. */
  readonly errors: number;
  readonly latency?: LatencyHistogram;
  readonly signIn?: PathFailures;
  readonly syncToken?: PathFailures;
  /** Pages that were served, and the route decisions that the service logged for them. */
  readonly pages?: number;
  readonly routeDecisions?: number;
  /** Route decisions that were logged, but are not JSON. */
  readonly unreadableDecisions?: number;
  readonly ready?: boolean;
  readonly smokePassed?: boolean;
};

/** One clock minute of both revisions. At 100 % the stable one may be missing: it gets no traffic there. */
export type Minute = {
  /** The percent of the step that this minute belongs to. */
  readonly step: number;
  readonly stable?: Observation;
  readonly canary: Observation;
};

/** What the verdict is measured by. */
export type Limits = {
  readonly max5xxPercent: number;
  readonly maxP95IncreasePercent: number;
  readonly p95FloorMs: number;
  /** Times the next step's share: how many requests the candidate must have had before `healthy` can be said. */
  readonly minRequests: number;
  /** The most that good candidates may be rolled back, a whole promotion. */
  readonly falseAlarmPercent: number;
};

export const defaultLimits: Limits = {
  max5xxPercent: 1,
  maxP95IncreasePercent: 20,
  p95FloorMs: 25,
  minRequests: 100,
  falseAlarmPercent: 1,
};

/** A promotion, or a part of one, as it was recorded. */
export type Recording = {
  /** Percents of the steps, rising. */
  readonly steps: readonly number[];
  /** How long each step is watched. Missing: as long as was recorded. */
  readonly windowMinutes?: number;
  readonly limits: Limits;
  /** Session affinity is on for both revisions, so that the split itself breaks no sign-in. */
  readonly affinity: boolean;
  /** Stable's minutes before the promotion, oldest first. */
  readonly history: readonly Observation[];
  readonly minutes: readonly Minute[];
};
