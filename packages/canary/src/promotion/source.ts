import type { ObservationQuery, SourceReading } from '../observations/source.ts';
import type { Observation } from '../observations/types.ts';

/** What a promotion reads: minutes as they come, stable's minutes before, and the platform's time that both go by. */
export type PromotionSource = {
  readonly name: string;
  readonly delayMs: number;
  /** It could not be read when it was opened, and why. */
  readonly unreadable?: { readonly why: string; readonly hint?: string };
  read(query: ObservationQuery): Promise<SourceReading>;
  readHistory(query: {
    readonly revision: string;
    readonly before: Date;
    readonly minutes: number;
  }): Promise<
    | { readonly state: 'read'; readonly minutes: readonly Observation[] }
    | { readonly state: 'unreadable'; readonly why: string; readonly hint?: string }
  >;
  now(): Date;
};
