import { shortenPromotions } from './promotion.ts';
import type { Dropped, DroppedSmokes, ReportRecord, SmokeEntry } from './schema.ts';

/** How much of a long rollout a report keeps. */
type Limits = { smokesPerUrl: number; smokes: number; others: number };

// The first limits are enough for usual reports. The others are for reports with hundreds of long error messages.
const LIMITS: readonly Limits[] = [
  { smokesPerUrl: 3, smokes: 40, others: 100 },
  { smokesPerUrl: 2, smokes: 10, others: 30 },
  { smokesPerUrl: 1, smokes: 4, others: 10 },
];

const none: Dropped = { steps: 0, trafficChanges: 0, maintenance: 0, smokes: [] };

/**
 * Drops a record's oldest entries, and counts them, until the record `fits`. A report that is too long could not be
 * read back, so nothing more could be added to it.
 */
export function shorten(record: ReportRecord, fits: (record: ReportRecord) => boolean): ReportRecord {
  let shortened = record;
  for (const limits of LIMITS) {
    shortened = keepLatest(shortened, limits);
    if (fits(shortened)) break;
  }
  return shortened;
}

function keepLatest(record: ReportRecord, limits: Limits): ReportRecord {
  const smokes = latestSmokes(record.smokes, limits);
  const steps = record.steps.slice(-limits.others);
  const trafficChanges = record.trafficChanges.slice(-limits.others);
  const maintenance = record.maintenance.slice(-limits.others);
  const before = record.dropped ?? none;
  const dropped = {
    steps: before.steps + record.steps.length - steps.length,
    trafficChanges: before.trafficChanges + record.trafficChanges.length - trafficChanges.length,
    maintenance: before.maintenance + record.maintenance.length - maintenance.length,
    smokes: countDropped(
      before.smokes,
      record.smokes.filter((run) => !smokes.includes(run)),
    ).slice(-limits.smokes),
  };
  const promotions = shortenPromotions(record.promotions, 2 * limits.others);
  const kept = { ...record, smokes, steps, trafficChanges, maintenance, ...promotions };
  const isAnything = Object.values(dropped).some((each) =>
    typeof each === 'number' ? each > 0 : each.length > 0,
  );
  return isAnything ? { ...kept, dropped } : kept;
}

function latestSmokes(smokes: readonly SmokeEntry[], { smokesPerUrl, smokes: most }: Limits): SmokeEntry[] {
  const isLatest = (run: SmokeEntry, index: number): boolean =>
    smokes.slice(index + 1).filter((later) => isSameKind(later, run)).length < smokesPerUrl;
  return smokes.filter(isLatest).slice(-most);
}

function countDropped(before: readonly DroppedSmokes[], runs: readonly SmokeEntry[]): DroppedSmokes[] {
  const counts = [...before];
  for (const run of runs) {
    const { suite, baseUrl, state } = run;
    const index = counts.findIndex((each) => isSameKind(each, run));
    const counted = counts[index] ?? { suite, baseUrl, passed: 0, failed: 0 };
    counts.splice(index === -1 ? counts.length : index, 1, { ...counted, [state]: counted[state] + 1 });
  }
  return counts;
}

function isSameKind(one: Pick<SmokeEntry, 'suite' | 'baseUrl'>, other: typeof one): boolean {
  return one.suite === other.suite && one.baseUrl === other.baseUrl;
}
