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

/**
 * What a source knows by now. A minute is closed once everything that belongs to it has arrived, which is the platform's delay
 * later; only closed minutes may be taken for good. The minute that is still running is a look ahead, and counts for one poll.
 */
export type SourceReading =
  | {
      readonly state: 'read';
      readonly closed: readonly ObservedMinute[];
      readonly running?: ObservedMinute;
    }
  /** The source could not be read: a reason to wait, never one to roll back. */
  | { readonly state: 'unreadable'; readonly why: string };

/** Where observations come from: request logs, or metrics. */
export type ObservationSource = {
  readonly name: 'logs' | 'monitoring';
  /** How late a minute may arrive, in milliseconds. */
  readonly delayMs: number;
  read(query: ObservationQuery): Promise<SourceReading>;
};
