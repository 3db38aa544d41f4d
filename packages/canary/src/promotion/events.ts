import type { Share, TrafficChange } from '@deploy/cloudrun';
import type { Verdict } from '../verdict/judge.ts';
import type { Minute } from '../verdict/observation.ts';
import type { Promotion } from '../verdict/promotion.ts';
import type { RevisionPair } from './bookkeeping.ts';
import type { Decision } from './decide.ts';

/** The result of the smoke checks at one URL. */
export type SmokeLook = {
  readonly passed: boolean;
  readonly why?: string;
  /** What to do about a failure, if that is known. */
  readonly hint?: string;
  /** Whether no request got there: nobody answered, or something in front of the service did. */
  readonly isOutOfReach?: boolean;
  /** The build that the revision's `/manifest.json` names. It differs from image to image. */
  readonly buildId?: string;
  /** The oldest and the newest client build that the revision accepts; null means no limit. */
  readonly clients?: { readonly min: string | null; readonly max: string | null };
  /** Remarks for people about checks that passed. */
  readonly notes?: readonly string[];
};

/** The result of the checks that the runbook requires after each stage. They are made at the candidate's own URL. */
export type StageLook =
  | { readonly state: 'passed'; readonly checks: readonly string[] }
  | { readonly state: 'skipped'; readonly why: string }
  | {
      readonly state: 'failed';
      readonly why: string;
      readonly hint?: string;
      readonly isOutOfReach?: boolean;
    };

/** What one poll of a step showed, as a display needs it. */
export type Poll = {
  readonly percent: number;
  readonly steps: readonly number[];
  /** The promotion so far, including the newest minutes, whose figures may still change. */
  readonly promotion: Promotion;
  readonly verdict: Verdict;
  readonly decision: Decision['next'];
  /** How many minutes of the window have passed, at most its length. Negative before the window begins. */
  readonly watchedMinutes: number;
  /** The window's length in minutes. After an extension, this is the setting `maxWindowMinutes`. */
  readonly windowMinutes: number;
  readonly isExtended: boolean;
  /** What could not be read at this poll. */
  readonly unreadable?: string;
};

export type PromotionEvent =
  | {
      readonly kind: 'promotionBegun';
      readonly stable: string;
      readonly canary: string;
      readonly source: string;
      readonly steps: readonly number[];
      /** The percentage of the step at which an interrupted promotion was resumed; undefined for a new promotion. */
      readonly resumedAt?: number;
    }
  | { readonly kind: 'promotionWarned'; readonly warning: string }
  | {
      readonly kind: 'candidateSmoked';
      readonly url: string;
      readonly look: SmokeLook;
      readonly of: 'candidate' | 'service';
    }
  /** `percent` is 0 while the candidate has no traffic yet. */
  | { readonly kind: 'stageChecked'; readonly percent: number; readonly look: StageLook }
  | { readonly kind: 'stepBegun'; readonly percent: number; readonly change: TrafficChange }
  | { readonly kind: 'minuteObserved'; readonly startsAt: string; readonly minute: Minute }
  | { readonly kind: 'polled'; readonly poll: Poll }
  | {
      readonly kind: 'stepJudged';
      readonly percent: number;
      readonly verdict: Verdict;
      readonly decision: Decision['next'];
      readonly isOverride: boolean;
    }
  | { readonly kind: 'trafficReturned'; readonly change: TrafficChange; readonly tookMs: number }
  | { readonly kind: 'promotionEnded'; readonly outcome: PromotionOutcome };

/** A change of the service by somebody else: what was changed, what serves since then, and who did it. */
export type OtherChange = {
  readonly why: string;
  readonly after: readonly Share[];
  readonly by: string;
};

export type PromotionOutcome =
  | (RevisionPair & { readonly state: 'promoted' })
  /** No traffic was shifted. */
  | (RevisionPair & { readonly state: 'not begun'; readonly why: string; readonly hint?: string })
  | (RevisionPair & {
      readonly state: 'rolled back';
      readonly percent: number;
      readonly why: string;
      /**
       * Whether the candidate itself failed. If so, it is remembered as failed. If not, calls to Cloud Run failed and
       * the traffic could not be shifted, or the candidate could not be reached from here.
       */
      readonly isItsFault: boolean;
      readonly tag: string;
      readonly serviceUrl: string;
    })
  | (RevisionPair & {
      readonly state: 'held';
      readonly percent: number;
      readonly why: string;
      /** What to do about a source that could not be read, or a candidate that could not be reached. */
      readonly hint?: string;
    })
  /** Somebody else changed the service, so the promotion stopped without touching it again. */
  | (RevisionPair & OtherChange & { readonly state: 'superseded'; readonly percent: number })
  | (RevisionPair & { readonly state: 'interrupted'; readonly percent: number });
