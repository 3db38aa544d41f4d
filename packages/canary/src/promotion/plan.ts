import { gcloudCommands, type ServiceLocation } from '@deploy/cloudrun';
import type { Limits } from '../verdict/observation.ts';

/** How to raise a candidate to 100 %. */
export type WalkSettings = {
  /** Whole percentages, rising, ending with 100. */
  readonly steps: readonly number[];
  readonly windowMinutes: number;
  /** How long a step may take at most while there is no decision; at least the window. */
  readonly maxWindowMinutes: number;
  readonly limits: Limits;
  readonly onInconclusive: 'hold' | 'rollback' | 'advance';
  /** The tag whose URL is smoked. */
  readonly tag: string;
  readonly retry: boolean;
  /** Take over a promotion that somebody else may still be running. */
  readonly takeOver: boolean;
  readonly skipMaintenanceCheck: boolean;
};

/** What a promotion will do, in order. Unknown revisions are shown as placeholders. */
export type PlannedAction = { readonly says: string; readonly command?: string };

/** The plan of a promotion, for people to read before it runs. */
export function planPromotion(
  settings: WalkSettings,
  location: ServiceLocation,
  { stable, canary }: { stable: string; canary: string },
): PlannedAction[] {
  const { steps, windowMinutes, maxWindowMinutes, tag, limits, onInconclusive } = settings;
  const split = (percent: number) =>
    gcloudCommands.updateTraffic(
      location,
      [
        { revision: stable, percent: 100 - percent },
        { revision: canary, percent },
      ].filter((share) => share.percent > 0),
    );
  const limitTexts = [
    `5xx below ${limits.max5xxPercent} %`,
    `p95 at most ${limits.maxP95IncreasePercent} % and ${limits.p95FloorMs} ms above stable's`,
    `at least ${limits.minRequests} requests times the next step's share`,
    `at most ${limits.falseAlarmPercent} % of good candidates rolled back`,
  ];
  return [
    { says: `limits: ${limitTexts.join('; ')}` },
    {
      says: `before any traffic: the tag ${tag} for ${canary}, and smoke checks of its URL`,
      command: gcloudCommands.updateTag(location, tag, canary),
    },
    ...steps.map((percent) => ({
      says: `${percent} %: watched for ${windowMinutes} min, at most ${maxWindowMinutes}; without a decision: ${onInconclusive}`,
      command: split(percent),
    })),
    {
      says: 'healthy at 100 %: the tag is removed, unless it was there before',
      command: gcloudCommands.removeTag(location, tag),
    },
    {
      says: `unhealthy at any time: all traffic back to ${stable}`,
      command: gcloudCommands.updateTraffic(location, [{ revision: stable, percent: 100 }]),
    },
  ];
}
