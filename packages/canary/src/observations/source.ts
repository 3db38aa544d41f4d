import type { CloudErrorKind } from '@deploy/cloudrun';
import type { Observation } from '../verdict/observation.ts';

/** What to ask a source: two revisions, and the whole clock minutes from `from` up to but not including `to`. */
export type ObservationQuery = {
  readonly stable: string;
  readonly canary: string;
  readonly from: Date;
  readonly to: Date;
  /**
   * Whether requests to the URL of a tag count as well, where they can be told from others. By default they do not: the
   * people who send them try out one revision, and have no part in the split that is judged.
   */
  readonly withTagged?: boolean;
};

/** One clock minute as a source saw it. */
export type ObservedMinute = {
  readonly startsAt: Date;
  readonly stable: Observation;
  readonly canary: Observation;
};

/** Why a source could not be read. An unreadable source is a reason to wait, never one to roll back. */
export type Unreadable = {
  readonly state: 'unreadable';
  /** The kind of error of the failed cloud call, or `too many` if there were more requests than may be read. */
  readonly kind: CloudErrorKind | 'too many';
  /** What failed (an expired login, for example), as a sentence without its full stop. */
  readonly why: string;
  readonly hint?: string;
};

/**
 * What a source knows by now. A minute is closed once the platform's delay has passed and everything in it has arrived.
 * Closed minutes become part of the evidence. Open minutes count only in the poll that reads them.
 */
export type ReadMinutes = {
  readonly state: 'read';
  readonly closed: readonly ObservedMinute[];
  /**
   * The minutes that may still get entries, oldest first: the previous minute if it is still open, then the current
   * one. Always empty for metrics: the figures of the two revisions arrive separately, so they cannot be compared
   * before the minute is complete.
   */
  readonly open: readonly ObservedMinute[];
  /**
   * Set if this reading could not include every minute that is over; says why. The next reading continues where this
   * one stopped.
   */
  readonly behind?: string;
  /** What to do about being behind. */
  readonly hint?: string;
};

export type SourceReading = ReadMinutes | Unreadable;

/** One revision's minutes before a given moment, oldest first. Minutes without requests are left out. */
export type HistoryReading =
  | {
      readonly state: 'read';
      readonly minutes: readonly Observation[];
      /** How many minutes were read, those without requests included. */
      readonly outOf: number;
    }
  | Unreadable;

export type HistoryQuery = {
  readonly revision: string;
  /** The first moment after the history. */
  readonly before: Date;
};

/** Where observations come from: request logs, or metrics. */
export type ObservationSource = {
  readonly name: 'logs' | 'monitoring';
  /** How long after its end a minute may still be incomplete, in milliseconds. */
  readonly delayMs: number;
  /** Reads the observations of both revisions. A failed call becomes an `unreadable` reading; only a bug throws. */
  read(query: ObservationQuery): Promise<SourceReading>;
  /**
   * Reads the last hour of one revision before a given moment, to learn what is usual for it. If that hour has more
   * requests than may be read, only its newest minutes are returned.
   */
  readHistory(query: HistoryQuery): Promise<HistoryReading>;
  /** The platform's time: the time in its last answer plus the time since then. It decides where minutes begin. */
  now(): Date;
};
