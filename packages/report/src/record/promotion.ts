import type { EventOf, Occasion } from '../evidence/rollout-event.ts';
import type { PromotionEntry, ReportRecord } from './schema.ts';

// A promotion of four steps of 10 minutes stays below these limits. Of a longer one, only the latest minutes and notes
// are kept, because they matter most.
const PROMOTIONS_KEPT = 3;
const MINUTES_KEPT = 180;
const NOTES_KEPT = 60;
const LONGEST_NOTE = 600;

export function promotionBegun(
  record: ReportRecord,
  { stable, canary, source, steps, resumedAt }: EventOf<'promotionBegun'>,
  { at, actor, metChange }: Occasion,
): ReportRecord {
  const entry: PromotionEntry = {
    ...{ at, actor, stable, canary, source, steps: [...steps], metChange },
    ...(resumedAt === undefined ? {} : { resumedAt }),
    notes: [],
    minutes: [],
  };
  return { ...record, promotions: [...(record.promotions ?? []), entry].slice(-PROMOTIONS_KEPT) };
}

export function promotionObserved(
  record: ReportRecord,
  { startsAt, step, stable, canary }: EventOf<'promotionObserved'>,
): ReportRecord {
  return inLatest(record, (entry) => {
    const minute = { at: startsAt, step, ...(stable === undefined ? {} : { stable }), canary };
    return { ...entry, minutes: [...entry.minutes, minute].slice(-MINUTES_KEPT) };
  });
}

export function promotionNoted(
  record: ReportRecord,
  { text }: EventOf<'promotionNoted'>,
  { at }: Occasion,
): ReportRecord {
  return inLatest(record, (entry) => ({
    ...entry,
    notes: [...entry.notes, { at, text: text.slice(0, LONGEST_NOTE) }].slice(-NOTES_KEPT),
  }));
}

export function promotionEnded(
  record: ReportRecord,
  { state, text }: EventOf<'promotionEnded'>,
  occasion: Occasion,
): ReportRecord {
  const noted = promotionNoted(record, { kind: 'promotionNoted', text }, occasion);
  return inLatest(noted, (entry) => ({ ...entry, ended: state }));
}

/** Shortens the promotions to this many notes and minutes each, keeping the latest. */
export function shortenPromotions(
  promotions: readonly PromotionEntry[] | undefined,
  most: number,
): { promotions?: PromotionEntry[] } {
  if (promotions === undefined) return {};
  const short = promotions.map((entry) => ({
    ...entry,
    notes: entry.notes.slice(-most),
    minutes: entry.minutes.slice(-most),
  }));
  return { promotions: short };
}

function inLatest(record: ReportRecord, change: (entry: PromotionEntry) => PromotionEntry): ReportRecord {
  const { promotions = [] } = record;
  const latest = promotions.at(-1);
  return latest === undefined
    ? record
    : { ...record, promotions: [...promotions.slice(0, -1), change(latest)] };
}
