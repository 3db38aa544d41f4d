import { gcloudCommands, type ServiceLocation } from '@deploy/cloudrun';
import type { Limits } from '../verdict/observation.ts';
import { type RevisionPair, splitAt } from './bookkeeping.ts';

/** How to raise a candidate to 100 %. */
export type WalkSettings = {
  /** Whole percentages, rising, ending with 100. */
  readonly steps: readonly number[];
  readonly windowMinutes: number;
  /** The longest time that a step waits for a decision; never shorter than the window. */
  readonly maxWindowMinutes: number;
  readonly limits: Limits;
  readonly onInconclusive: 'hold' | 'rollback' | 'advance';
  /** The tag at whose URL the candidate is checked. */
  readonly tag: string;
  readonly retry: boolean;
  /** Whether to take over a promotion that somebody else may still be running. */
  readonly takeOver: boolean;
  readonly skipMaintenanceCheck: boolean;
};

/** One thing that a promotion will do. Placeholders in its text stand for revisions that are not known yet. */
type PlannedAction = { readonly says: string; readonly command?: string };

/** The plan of a promotion, for people to read before it runs. */
export function planPromotion(
  settings: WalkSettings,
  location: ServiceLocation,
  pair: RevisionPair,
): PlannedAction[] {
  const { steps, windowMinutes, maxWindowMinutes, tag, limits, onInconclusive } = settings;

  const limitTexts = [
    `5xx below ${limits.max5xxPercent} %`,
    `p95 at most ${limits.maxP95IncreasePercent} % and ${limits.p95FloorMs} ms above stable's`,
    `at least ${limits.minRequests} requests times the next step's share`,
    `at most ${limits.falseAlarmPercent} % of good candidates rolled back`,
  ];
  return [
    { says: `limits: ${limitTexts.join('; ')}` },
    {
      says: `before any traffic: the tag ${tag} for ${pair.canary}, and smoke checks of its URL`,
      command: gcloudCommands.updateTag(location, tag, pair.canary),
    },
    ...steps.map((percent) => ({
      says: `${percent} %: watched for ${windowMinutes} min, at most ${maxWindowMinutes}; without a decision: ${onInconclusive}`,
      command: gcloudCommands.updateTraffic(location, splitAt(pair, percent)),
    })),
    {
      says: 'healthy at 100 %: the tag is removed, unless it was there before',
      command: gcloudCommands.removeTag(location, tag),
    },
    {
      says: `unhealthy at any time: all traffic back to ${pair.stable}`,
      command: gcloudCommands.updateTraffic(location, splitAt(pair, 0)),
    },
  ];
}
