import { MINUTE_MS, minuteOf } from './cloud/minutes.ts';
import type { OpenedSource } from './cloud/open-source.ts';
import { isBusy, isSilent, whyUnseen } from './observations/silence.ts';
import type { ObservationSource } from './observations/source.ts';
import { judge, type Verdict } from './verdict/judge.ts';
import type { Limits, Observation } from './verdict/observation.ts';
import { addMinute, beginPromotion, type Promotion } from './verdict/promotion.ts';

/** What is known about the two revisions without reading any of their requests. */
export type JudgedRevisions = {
  readonly stable: string;
  readonly canary: string;
  /** The percentage of the traffic that the candidate has now. */
  readonly canaryPercent: number;
  readonly canaryMadeAt: Date;
  /** Undefined if the platform does not know yet. */
  readonly isCanaryReady: boolean | undefined;
  /** Whether session affinity is on for both revisions. */
  readonly affinity: boolean;
};

type WindowPlan = {
  readonly windowMinutes: number;
  /**
   * A promotion's steps, as rising percentages. The next step determines how many requests the candidate must have had.
   */
  readonly steps: readonly number[];
  readonly limits: Limits;
};

export type WindowVerdict = Verdict & {
  /** The whole clock minutes that were judged. */
  readonly window: { readonly from: Date; readonly to: Date };
  /** How many minutes of stable's earlier traffic were used as its history. */
  readonly historyMinutes: number;
  /** If the history could not be read, the reason. */
  readonly historyUnreadable?: string;
  /** What to do about a window that could not be read. */
  readonly hint?: string;
};

/** The platform gives its time in whole seconds, so it may be off by this much. */
const CLOCK_STEP_MS = 1000;

/**
 * Judges a single window, outside any promotion. The window consists of the newest minutes whose figures are sure to be
 * complete. If the source cannot be read, the verdict is inconclusive.
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

  const reading =
    source.unreadable ?? (await source.read({ stable, canary, from, to, withTagged: canaryPercent === 0 }));
  if (reading.state === 'unreadable') {
    const verdict = judge(beginPromotion(plan, []), { unreadable: reading.why });
    const { hint } = reading;
    return { ...verdict, window, historyMinutes: 0, ...(hint !== undefined && { hint }) };
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
  const silent = history.isBusy ? reading.closed.filter(isSilent).length : 0;
  const unreadable = reading.behind ?? whyUnseen(silent);
  const { hint } = reading;
  return {
    ...judge(promotion, unreadable === undefined ? {} : { unreadable }),
    window,
    ...(hint !== undefined && { hint }),
    historyMinutes: history.minutes.length,
    ...(history.why !== undefined && { historyUnreadable: history.why }),
  };
}

/**
 * The steps for judging a single window: the candidate's present share and the steps above it. A candidate without
 * traffic has all steps ahead of it.
 */
function stepsFrom(percent: number, steps: readonly number[]): readonly number[] {
  return percent === 0 ? steps : [percent, ...steps.filter((step) => step > percent)];
}

/**
 * Reads stable's history: its requests in the minutes before the window. If stable had none then, because the candidate
 * already had all the traffic, reads the minutes before the candidate was made.
 */
async function readHistory(
  source: ObservationSource,
  { stable, canaryMadeAt }: JudgedRevisions,
  from: Date,
): Promise<{ minutes: readonly Observation[]; isBusy: boolean; why?: string }> {
  for (const before of [from, canaryMadeAt]) {
    if (before > from) continue;
    const read = await source.readHistory({ revision: stable, before });
    if (read.state === 'unreadable') return { minutes: [], isBusy: false, why: read.why };
    if (read.minutes.length > 0) {
      // Only the minutes right before the window tell whether silence in it is odd.
      return { minutes: read.minutes, isBusy: before === from && isBusy(read) };
    }
  }
  return { minutes: [], isBusy: false };
}
