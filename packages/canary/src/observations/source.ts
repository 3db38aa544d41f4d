import type { CloudErrorKind } from '@deploy/cloudrun';
import type { Observation } from '../verdict/observation.ts';

/** What to ask a source: two revisions, and the whole clock minutes from `from` up to but not including `to`. */
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

/** Why a source could not be read. That is a reason to wait, never one to roll back. */
export type Unreadable = {
  readonly state: 'unreadable';
  /** The kind of the failed cloud call, or `too many` requests to read them all. */
  readonly kind: CloudErrorKind | 'too many';
  /** What failed, as a sentence without its full stop. If the login has expired, it says so. */
  readonly why: string;
  /** What to do about it. */
  readonly hint?: string;
};

/**
 * What a source knows by now. A minute is closed once the platform's delay has passed and everything in it has arrived.
 * Only closed minutes count for good; open minutes are a preview for one poll.
 */
export type ReadMinutes = {
  readonly state: 'read';
  readonly closed: readonly ObservedMinute[];
  /**
   * The minutes that may still get entries, oldest first: the previous minute if it is still open, then the current
   * one. Always empty for metrics, because the figures of the two revisions arrive separately and an incomplete minute
   * cannot be compared.
   */
  readonly open: readonly ObservedMinute[];
  /** Why minutes before `to` are missing although they have ended. The next reading continues with them. */
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
};

/** Where observations come from: request logs, or metrics. */
export type ObservationSource = {
  readonly name: 'logs' | 'monitoring';
  /** How long after its end a minute may still be incomplete, in milliseconds. */
  readonly delayMs: number;
  /** Reads the observations of both revisions. A failed call becomes an `unreadable` reading; only a bug throws. */
  read(query: ObservationQuery): Promise<SourceReading>;
  /**
   * Reads the last hour of one revision before a moment: what is usual for it. Returns fewer minutes when they have
   * more requests than may be read.
   */
  readHistory(query: HistoryQuery): Promise<HistoryReading>;
  /** The platform's time: that of the last answer, plus what has passed since. Minutes begin by this clock. */
  now(): Date;
};
