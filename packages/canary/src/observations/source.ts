import type { CloudErrorKind } from '@deploy/cloudrun';
import type { Observation } from './types.ts';

/** What a source is asked for: two revisions, and the whole clock minutes from `from` up to, without, `to`. */
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

/** Why a source could not be read: the kinds of a failed cloud call, or more requests than may be read. */
export type UnreadableKind = CloudErrorKind | 'too many';

/** A reason to wait, never one to roll back. */
export type Unreadable = {
  readonly state: 'unreadable';
  readonly kind: UnreadableKind;
  /** What failed, in a sentence without its full stop: an expired login is named as such. */
  readonly why: string;
  /** What to do about it. */
  readonly hint?: string;
};

/**
 * What a source knows by now. A minute is closed once everything that belongs to it has arrived, which is the platform's delay
 * later; only closed minutes may be taken for good. Those that are still open are a look ahead, and count for one poll.
 */
export type ReadMinutes = {
  readonly state: 'read';
  readonly closed: readonly ObservedMinute[];
  /**
   * The minute that is running, and before it the one that has ended and may still get entries; oldest first. Metrics have none: of
   * a minute that is not closed they know one revision before the other.
   */
  readonly open: readonly ObservedMinute[];
};

export type SourceReading = ReadMinutes | Unreadable;

/** The minutes of one revision before a moment, oldest first; those without any request are left out. */
export type HistoryReading =
  | { readonly state: 'read'; readonly minutes: readonly Observation[] }
  | Unreadable;

export type HistoryQuery = {
  readonly revision: string;
  /** The first moment that is not history any more. */
  readonly before: Date;
  /** How many minutes to look back. */
  readonly minutes: number;
};

/** Where observations come from: request logs, or metrics. */
export type ObservationSource = {
  readonly name: 'logs' | 'monitoring';
  /** How late a minute may arrive, in milliseconds. */
  readonly delayMs: number;
  /** The observations of both revisions. A failed call is an `unreadable` reading; only a bug throws. */
  read(query: ObservationQuery): Promise<SourceReading>;
  /** Like `read`, back in time. Gives fewer minutes than asked for when there are more requests in them than may be read. */
  readHistory(query: HistoryQuery): Promise<HistoryReading>;
  /** The platform's time, by which minutes are told apart: that of the last answer, and what has passed since. */
  now(): Date;
};
