import { MINUTE_MS, minuteOf } from './cloud/minutes.ts';
import type { OpenedSource } from './cloud/open-source.ts';
import type { ObservationSource } from './observations/source.ts';
import type { Limits, Observation } from './observations/types.ts';
import { addMinute, beginPromotion, type Promotion } from './promotion.ts';
import { judge, type Verdict } from './verdict.ts';

/** What is known of the two revisions before any request is looked at. */
export type JudgedRevisions = {
  readonly stable: string;
  readonly canary: string;
  /** The percent of the traffic that the candidate is given now. */
  readonly canaryPercent: number;
  readonly canaryMadeAt: Date;
  /** Undefined: the platform does not know yet. */
  readonly isCanaryReady: boolean | undefined;
  /** Session affinity is on for both. */
  readonly affinity: boolean;
};

export type WindowPlan = {
  readonly windowMinutes: number;
  /** Percents of the steps of a promotion, rising: the candidate needs enough requests for the one that comes next. */
  readonly steps: readonly number[];
  readonly limits: Limits;
};

export type WindowVerdict = Verdict & {
  /** The whole clock minutes that were judged. */
  readonly window: { readonly from: Date; readonly to: Date };
  /** How many of stable's minutes before the window it was compared with. */
  readonly historyMinutes: number;
  /** Why there is no history, where it could not be read. */
  readonly historyUnreadable?: string;
};

/** How far to look back for what is usual of stable. */
const HISTORY_MINUTES = 60;
/** The platform tells its time in whole seconds. */
const CLOCK_STEP_MS = 1000;

/**
 * Judges the last window by itself: the newest minutes of which everything must have arrived by now. What a source cannot read makes the
 * verdict inconclusive.
 */
export async function judgeLastWindow(
  source: OpenedSource,
  revisions: JudgedRevisions,
  { windowMinutes, steps, limits }: WindowPlan,
): Promise<WindowVerdict> {
  const { stable, canary, canaryPercent, isCanaryReady, affinity } = revisions;
  const to = new Date(minuteOf(source.now().getTime() - source.delayMs - CLOCK_STEP_MS));
  const from = new Date(to.getTime() - windowMinutes * MINUTE_MS);
  const window = { from, to };
  const plan = { steps: stepsFrom(canaryPercent, steps), windowMinutes, limits, affinity };
  const [step = 100] = plan.steps;

  const reading = source.unreadable ?? (await source.read({ stable, canary, from, to }));
  if (reading.state === 'unreadable') {
    const verdict = judge(beginPromotion(plan, []), { unreadable: reading.why });
    return { ...verdict, window, historyMinutes: 0 };
  }
  const history = await readHistory(source, revisions, from);
  const promotion = reading.closed.reduce<Promotion>(
    (soFar, minute, i) => {
      const isLast = i === reading.closed.length - 1;
      const look = isLast && isCanaryReady !== undefined ? { ready: isCanaryReady } : {};
      return addMinute(soFar, { step, stable: minute.stable, canary: { ...minute.canary, ...look } });
    },
    beginPromotion(plan, history.minutes),
  );
  return {
    ...judge(promotion),
    window,
    historyMinutes: history.minutes.length,
    ...(history.why !== undefined && { historyUnreadable: history.why }),
  };
}

/** A window that is judged alone is the first of the steps that are left. Without traffic it is the one before the first. */
function stepsFrom(percent: number, steps: readonly number[]): readonly number[] {
  return percent === 0 ? steps : [percent, ...steps.filter((step) => step > percent)];
}

/** Stable's minutes before the window; where it had no requests any more, those before the candidate was made. */
async function readHistory(
  source: ObservationSource,
  { stable, canaryMadeAt }: JudgedRevisions,
  from: Date,
): Promise<{ minutes: readonly Observation[]; why?: string }> {
  for (const before of [from, canaryMadeAt]) {
    if (before > from) continue;
    const read = await source.readHistory({ revision: stable, before, minutes: HISTORY_MINUTES });
    if (read.state === 'unreadable') return { minutes: [], why: read.why };
    if (read.minutes.length > 0) return { minutes: read.minutes };
  }
  return { minutes: [] };
}
