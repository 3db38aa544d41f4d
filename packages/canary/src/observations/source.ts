import type { CloudErrorKind } from '@deploy/cloudrun';
import type { Observation } from '../verdict/observation.ts';

/** The query for a source: two revisions, and the whole clock minutes from `from` up to but not including `to`. */
export type ObservationQuery = {
  readonly stable: string;
  readonly canary: string;
  readonly from: Date;
  readonly to: Date;
};

/** One clock minute as a source saw it. */
export type ObservedMinute = {
  readonly startsAt: Date;
  readonly stable: Observation;
  readonly canary: Observation;
};

/** Why a source could not be read: the kind of the failed cloud call, or more requests than may be read. */
export type UnreadableKind = CloudErrorKind | 'too many';

/** A reason to wait, never one to roll back. */
export type Unreadable = {
  readonly state: 'unreadable';
  readonly kind: UnreadableKind;
  /** What failed, as a sentence without its full stop. An expired login is named as such. */
  readonly why: string;
  /** What to do about it. */
  readonly hint?: string;
};

/**
 * What a source knows by now. A minute is closed once everything in it has arrived, after the platform's delay. Only
 * closed minutes count for good. Open minutes are a preview for one poll.
 */
export type ReadMinutes = {
  readonly state: 'read';
  readonly closed: readonly ObservedMinute[];
  /**
   * The minutes that may still get entries, oldest first: the previous minute if it is still open, then the current
   * one. Always empty for metrics: the figures of the two revisions arrive separately, so an incomplete minute cannot
   * be compared.
   */
  readonly open: readonly ObservedMinute[];
  /** Why some older minutes are missing, in a clause. The next reading continues with them. */
  readonly behind?: string;
};

export type SourceReading = ReadMinutes | Unreadable;

/** The minutes of one revision before a moment, oldest first. Minutes without requests are left out. */
export type HistoryReading =
  | { readonly state: 'read'; readonly minutes: readonly Observation[] }
  | Unreadable;

export type HistoryQuery = {
  readonly revision: string;
  /** The first moment after the history. */
  readonly before: Date;
  /** How many minutes to look back. */
  readonly minutes: number;
};

/** Where observations come from: request logs, or metrics. */
export type ObservationSource = {
  readonly name: 'logs' | 'monitoring';
  /** How late a minute may arrive, in milliseconds. */
  readonly delayMs: number;
  /** Reads the observations of both revisions. A failed call becomes an `unreadable` reading; only a bug throws. */
  read(query: ObservationQuery): Promise<SourceReading>;
  /**
   * Like `read`, but backwards in time. Returns fewer minutes than requested when they have more requests than may be
   * read.
   */
  readHistory(query: HistoryQuery): Promise<HistoryReading>;
  /** The platform's time, which decides where minutes begin: the time of the last answer plus what has passed since. */
  now(): Date;
};
