import type { Deployment, MaintenanceOutcome, OpenWindow, Share, TrafficChange } from '@deploy/cloudrun';
import type { GateRun } from '@deploy/gates';
import type { SmokeOutcome } from '@deploy/smoke';
import type { MatrixEntry, PromotionEntry } from '../record/schema.ts';

/**
 * What can happen in a rollout. A new kind of event is one new member here and one new case in `applyEvent`.
 *
 * `stable` is the revision that was stable before the event, as @deploy/cloudrun determines it; undefined if traffic
 * was split. `begun` and `ended` frame a step of a command; `Evidence.step` records both.
 */
export type RolloutEvent =
  | { kind: 'begun'; step: string; startedAt: string; asked?: readonly Share[] }
  | {
      kind: 'ended';
      step: string;
      startedAt: string;
      endedAt: string;
      durationMs: number;
      failure: string | undefined;
      /** Whether a signal stopped the step. */
      interrupted?: boolean;
      /** Whether the step failed before it sent any change, so that everything is as it was. */
      refused?: boolean;
      /** Whether a failure of this step ends the deployment. */
      deploys: boolean;
    }
  | { kind: 'domainMappingSeen'; domain: string; state: string }
  | { kind: 'digestResolved'; digest: string }
  /**
   * What served before any change. Recorded early, so that even the report of a killed deployment has its rollback
   * command. `window` is a maintenance window that was open for all by then.
   */
  | {
      kind: 'servingFound';
      shares: readonly Share[];
      stable: string | undefined;
      window?: OpenWindow | undefined;
    }
  /**
   * The URLs that the public uses: the service's own and its domain. A smoke run against one of them is recorded in
   * this report and counts for its verdict.
   */
  | { kind: 'reachedAt'; baseUrls: readonly string[] }
  /**
   * The URLs of tags, each of which leads to a single revision. Smoke runs against them are recorded too, but do not
   * count for the report's verdict.
   */
  | { kind: 'tagsReachedAt'; baseUrls: readonly string[] }
  | { kind: 'gatesRun'; run: Pick<GateRun, 'results' | 'leftOut'> }
  | { kind: 'gatesSkipped' }
  | { kind: 'deployed'; deployment: DeployedRevision; stable: string | undefined }
  | { kind: 'trafficShifted'; change: TrafficChange; stable: string | undefined; byPromotion?: true }
  /**
   * A split that somebody else made, and who changed the service last. Ignored if the report already has that split.
   */
  | { kind: 'trafficFound'; shares: readonly Share[]; by: string }
  /** `revision` is the one that answered, if the caller knows it. */
  | { kind: 'smoked'; outcome: SmokeOutcome; revision?: string }
  /** A promotion that begins, or is resumed at a step. The promotion events after this one belong to it. */
  | {
      kind: 'promotionBegun';
      stable: string;
      canary: string;
      source: string;
      steps: readonly number[];
      resumedAt?: number;
    }
  /** What was observed in one clock minute of a promotion. `startsAt` is RFC 3339. */
  | {
      kind: 'promotionObserved';
      startsAt: string;
      step: number;
      stable?: RequestCounts;
      canary: RequestCounts;
    }
  /** What a promotion did or decided, in a sentence: a step, a verdict with its reason, an override, a warning. */
  | { kind: 'promotionNoted'; text: string }
  | { kind: 'promotionEnded'; state: NonNullable<PromotionEntry['ended']>; text: string }
  | { kind: 'maintenanceChanged'; outcome: MaintenanceOutcome; stable: string | undefined }
  | { kind: 'matrixRun'; matrix: Omit<MatrixEntry, 'at'> };

/** The member of the union for one kind of event. */
export type EventOf<Kind extends RolloutEvent['kind']> = Extract<RolloutEvent, { kind: Kind }>;

/** What a report needs to know of a deployment. */
export type DeployedRevision = Omit<Deployment, 'stable' | 'window' | 'isInMaintenance'>;

/** Requests of one revision, and how many of them were answered with a 5xx. */
type RequestCounts = { requests: number; errors: number; p95Ms?: number };

/** When an event was recorded and by whom, and the last traffic change that the command knew of before the event. */
export type Occasion = { at: string; actor: string; metChange: string };
