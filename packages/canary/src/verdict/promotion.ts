import type { Tally } from '../statistics/tally.ts';
import type { Limits, Minute, Observation, PathFailures } from './observation.ts';
import {
  addComparisonMinute,
  beginComparison,
  beginComparisonStep,
  type Comparison,
} from './signals/comparison.ts';
import { addLatencyMinute, beginLatency, beginLatencyStep, type LatencySignal } from './signals/latency.ts';

/** The rules for judging a promotion, from beginning to end. */
type PromotionPlan = {
  /**
   * The percentages of the steps, in rising order. If a single window is judged outside a promotion, the first
   * percentage is the candidate's present share.
   */
  readonly steps: readonly number[];
  readonly windowMinutes: number;
  readonly limits: Limits;
  /**
   * Whether session affinity is on for both revisions. Without it, the split by itself makes sign-ins fail, so only
   * their 5xx count as failures.
   */
  readonly affinity: boolean;
};

/** The pages that the candidate served in this step, and the route decisions that it logged for them. */
export type AuditCounts = {
  readonly isMeasured: boolean;
  readonly pages: number;
  readonly decisions: number;
  readonly unreadable: number;
  /** Stable's pages and decisions since the promotion began. They show whether the project keeps every log line. */
  readonly stable: { readonly pages: number; readonly decisions: number };
};

/**
 * A promotion so far: everything that the next verdict depends on. It is plain data that JSON can hold, so that an
 * interrupted promotion can be resumed.
 */
export type Promotion = {
  readonly plan: PromotionPlan;
  /** How many minutes were added since the promotion began. */
  readonly minute: number;
  readonly stepIndex: number;
  readonly minuteOfStep: number;
  /** The minute of the step in which the current window began: 0, unless `beginFreshWindow` was called. */
  readonly windowFrom: number;
  /** The candidate's requests since the promotion began. */
  readonly canaryRequests: number;
  readonly errors: Comparison;
  readonly signIn: Comparison;
  readonly syncToken: Comparison;
  readonly latency: LatencySignal;
  readonly audit: AuditCounts;
  /** How often readiness and smoke were checked in this step, and how often a check failed. */
  readonly readiness: Tally;
  readonly smoke: Tally;
};

const noAudit: AuditCounts = {
  ...{ isMeasured: false, pages: 0, decisions: 0, unreadable: 0 },
  stable: { pages: 0, decisions: 0 },
};
const noLooks: Tally = { failed: 0, requests: 0 };

/** Creates a promotion before its first minute. `history` has stable's minutes before the promotion, oldest first. */
export function beginPromotion(plan: PromotionPlan, history: readonly Observation[]): Promotion {
  const { limits, affinity } = plan;
  const begin = (tallies: Tally[]): Comparison => beginComparison(plan, tallies, { clumpsFromHistory: true });
  return {
    plan,
    minute: 0,
    stepIndex: 0,
    minuteOfStep: 0,
    windowFrom: 0,
    canaryRequests: 0,
    errors: begin(history.map(errorsOf)),
    signIn: begin(history.flatMap(({ signIn }) => failuresOf(signIn, affinity) ?? [])),
    syncToken: begin(history.flatMap(({ syncToken }) => failuresOf(syncToken, affinity) ?? [])),
    latency: beginLatency(plan, history, limits),
    audit: noAudit,
    readiness: noLooks,
    smoke: noLooks,
  };
}

/**
 * Returns the promotion with one more minute, and leaves the given promotion unchanged. This lets a caller try a minute
 * whose figures are not complete yet: at the next poll, it adds the minute's newer figures to the same promotion.
 * Throws a RangeError for a step that is over or not in the plan.
 */
export function addMinute(promotion: Promotion, { step, stable, canary }: Minute): Promotion {
  const at = promotion.plan.steps.indexOf(step);
  if (at < promotion.stepIndex) throw new RangeError(`step ${step} is over, or not in the plan`);
  const current = at === promotion.stepIndex ? promotion : beginStep(promotion, at);
  const { affinity } = current.plan;
  const place = { percent: step, minuteOfStep: current.minuteOfStep + 1 };
  return {
    ...current,
    minute: current.minute + 1,
    minuteOfStep: place.minuteOfStep,
    canaryRequests: current.canaryRequests + canary.requests,
    errors: addComparisonMinute(current.errors, errorsOf(canary), stable && errorsOf(stable), place),
    signIn: addComparisonMinute(
      current.signIn,
      failuresOf(canary.signIn, affinity),
      failuresOf(stable?.signIn, affinity),
      place,
    ),
    syncToken: addComparisonMinute(
      current.syncToken,
      failuresOf(canary.syncToken, affinity),
      failuresOf(stable?.syncToken, affinity),
      place,
    ),
    latency: addLatencyMinute(current.latency, canary.latency, stable?.latency, place),
    audit: addAudit(current.audit, canary, stable),
    readiness: addLook(current.readiness, canary.ready),
    smoke: addLook(current.smoke, canary.smokePassed),
  };
}

/**
 * Begins a new window for the current step, for example after an interruption. The step can then be `healthy` only
 * after another whole window. The evidence so far still counts, even from minutes in which nobody was watching.
 */
export function beginFreshWindow(promotion: Promotion): Promotion {
  return { ...promotion, windowFrom: promotion.minuteOfStep };
}

/** How many minutes have been added since the current window began. */
export function minuteOfWindow({ minuteOfStep, windowFrom }: Promotion): number {
  return minuteOfStep - windowFrom;
}

export function currentStep({ plan, stepIndex }: Promotion): number {
  return plan.steps[stepIndex] ?? 100;
}

/** The percentage of the next step; 100 if there is no next step. */
export function nextStep({ plan, stepIndex }: Promotion): number {
  return plan.steps[stepIndex + 1] ?? 100;
}

function beginStep(promotion: Promotion, stepIndex: number): Promotion {
  const { steps, windowMinutes } = promotion.plan;
  const next = {
    percent: steps[stepIndex] ?? 100,
    windowMinutes,
    stepsAhead: stepIndex - promotion.stepIndex,
  };
  return {
    ...promotion,
    stepIndex,
    minuteOfStep: 0,
    windowFrom: 0,
    errors: beginComparisonStep(promotion.errors, next),
    signIn: beginComparisonStep(promotion.signIn, next),
    syncToken: beginComparisonStep(promotion.syncToken, next),
    latency: beginLatencyStep(promotion.latency, next),
    audit: { ...noAudit, stable: promotion.audit.stable },
    readiness: noLooks,
    smoke: noLooks,
  };
}

function errorsOf({ errors, requests }: Observation): Tally {
  return { failed: errors, requests };
}

/** The failures to judge by: all of them with affinity, only the 5xx without it. Undefined if that figure is missing. */
function failuresOf(paths: PathFailures | undefined, affinity: boolean): Tally | undefined {
  if (paths === undefined) return undefined;
  const failed = affinity ? paths.failures : paths.serverErrors;
  return failed === undefined ? undefined : { failed, requests: paths.requests };
}

function addAudit(
  audit: AuditCounts,
  { pages, routeDecisions, unreadableDecisions = 0 }: Observation,
  stable: Observation | undefined,
): AuditCounts {
  if (pages === undefined || routeDecisions === undefined) return audit;
  return {
    isMeasured: true,
    pages: audit.pages + pages,
    decisions: audit.decisions + routeDecisions,
    unreadable: audit.unreadable + unreadableDecisions,
    stable: {
      pages: audit.stable.pages + (stable?.pages ?? 0),
      decisions: audit.stable.decisions + (stable?.routeDecisions ?? 0),
    },
  };
}

function addLook(looks: Tally, passed: boolean | undefined): Tally {
  if (passed === undefined) return looks;
  return { failed: looks.failed + (passed ? 0 : 1), requests: looks.requests + 1 };
}
