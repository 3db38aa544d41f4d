import type { EntriesPage, LogApi, Patience } from '@deploy/cloudrun';
import type {
  ObservationQuery,
  ObservationSource,
  SourceReading,
  Unreadable,
} from '../observations/source.ts';
import { countText } from '../verdict/figures.ts';
import { type Arrival, MINUTE_MS, minuteOf } from './minutes.ts';
import type { PlatformClock } from './platform-clock.ts';
import {
  ENTRIES_A_PAGE,
  historyIn,
  historyQuery,
  type QueriedService,
  READS_A_MINUTE,
  requestLogFilter,
} from './queries.ts';
import { endOf, identify, observeRequestLog, type RawLogEntry } from './request-log.ts';
import { orUnreadable } from './unreadable.ts';

/** Entries are assumed to arrive within this time. Cloud Logging guarantees no limit, but they usually take seconds. */
const LOG_DELAY_MS = 30_000;
/**
 * The most pages of history to read. Each page uses up one of the `READS_A_MINUTE`, and the polls need some of these
 * too.
 */
const HISTORY_PAGES = 15;

type Entries = {
  readonly entries: readonly RawLogEntry[];
  /** The platform's time when reading began. Every entry that had arrived by then is included. */
  readonly readAt: Date;
  readonly isComplete: boolean;
};

/** Entries that were read at one poll and still count at the next. */
type Kept = {
  readonly revisions: string;
  /** `entries` goes back to this moment. It has every request that ended since and every line that was logged since. */
  readonly from: number;
  /** What arrived from this moment on may be missing in `entries`. */
  readonly upTo: number;
  readonly entries: readonly RawLogEntry[];
};

/** A reading that ended before its last page, because our share of the project's reads was used up. */
type Cut = {
  /** How many reads the next reading should have: with too few, it would begin at the same place and get no further. */
  readonly readsWanted: number;
  /** What a reading returns until that many are left. */
  readonly meanwhile: SourceReading;
};

/**
 * Reads observations from request logs, with at most `READS_A_MINUTE` reads a minute, each of one page. A poll keeps
 * the entries of minutes that are not complete yet. The next poll then reads only what may have arrived since.
 */
export function openLogSource(
  api: LogApi,
  service: QueriedService,
  clock: PlatformClock,
  { delayMs = LOG_DELAY_MS, patience }: { readonly delayMs?: number; readonly patience: Patience },
): ObservationSource {
  const reads = limitReads(READS_A_MINUTE);
  let kept: Kept | undefined;
  let cut: Cut | undefined;

  const readPages = async (
    filter: string,
    order: 'oldest first' | 'newest first',
    mostPages: number,
  ): Promise<Entries> => {
    const entries: RawLogEntry[] = [];
    let readAt: Date | undefined;
    let after: string | undefined;
    let pages = 0;
    do {
      if (pages === mostPages || !reads.take())
        return { entries, readAt: readAt ?? clock.now(), isComplete: false };
      const page: EntriesPage<RawLogEntry> = await api.page({
        ...{ filter, order, size: ENTRIES_A_PAGE, after, patience },
      });
      clock.hear(page.answeredAt);
      readAt ??= page.answeredAt;
      entries.push(...page.entries);
      after = page.next;
      pages++;
    } while (after !== undefined);
    return { entries, readAt, isComplete: true };
  };

  return {
    name: 'logs',
    delayMs,
    now: clock.now,

    read: (query) =>
      orUnreadable(async () => {
        const readsLeft = reads.left();
        if (cut !== undefined && readsLeft < cut.readsWanted) return cut.meanwhile;
        const known = keptFor(query, kept);
        const since = Math.max(query.from.getTime(), known?.upTo ?? 0);
        const { entries, readAt, isComplete } = await readPages(
          requestLogFilter(service, { ...query, from: new Date(since) }),
          'oldest first',
          READS_A_MINUTE,
        );
        const all = [...(known?.entries ?? []), ...entries];
        const arrival = { now: readAt, delayMs };
        if (isComplete) {
          kept = keep(all, query, arrival);
          cut = undefined;
          return observeRequestLog(all, query, arrival);
        }
        const to = wholeMinutesUpTo(entries);
        const missing = tooMany(entries.length);
        const behind = { behind: missing.why, hint: missing.hint };
        const isNoWholeMinute = to <= query.from;
        const meanwhile: SourceReading =
          isNoWholeMinute && readsLeft === READS_A_MINUTE
            ? missing
            : { state: 'read', closed: [], open: [], ...behind };
        cut = { readsWanted: Math.min(Math.max(2, 2 * readsLeft), READS_A_MINUTE), meanwhile };
        if (isNoWholeMinute) return meanwhile;
        return { ...observeRequestLog(all, { ...query, to }, arrival), ...behind };
      }),

    readHistory: (history) =>
      orUnreadable(async () => {
        const query = historyQuery(history);
        const { entries, readAt, isComplete } = await readPages(
          requestLogFilter(service, query),
          'newest first',
          HISTORY_PAGES,
        );
        const from = isComplete ? query.from : wholeMinutesFrom(entries, query.to);
        return historyIn(observeRequestLog(entries, { ...query, from }, { now: readAt, delayMs }));
      }),
  };
}

function keptFor(query: ObservationQuery, kept: Kept | undefined): Kept | undefined {
  return kept?.revisions === revisionsOf(query) && kept.from <= query.from.getTime() ? kept : undefined;
}

/** The entries without duplicates, and without those that ended before the query's `from`. */
function keep(entries: readonly RawLogEntry[], query: ObservationQuery, { now, delayMs }: Arrival): Kept {
  const from = query.from.getTime();
  const found = new Map<string, RawLogEntry>();
  for (const entry of entries) if (endOf(entry) >= from) found.set(identify(entry), entry);
  // Entries arrive within `delayMs`, so everything that ended earlier than that has been read. But nothing after the
  // query's `to` was asked for, and that is long past if the machine slept while it waited for the answer.
  const upTo = Math.min(now.getTime() - delayMs, query.to.getTime());
  return { revisions: revisionsOf(query), from, upTo, entries: [...found.values()] };
}

function revisionsOf({ stable, canary }: ObservationQuery): string {
  return `${stable} ${canary}`;
}

/**
 * Where the complete minutes end, if only the oldest entries were read. The unread requests began after the newest
 * entry that was read. So that entry's minute may lack requests; the minutes before it are complete.
 */
function wholeMinutesUpTo(entries: readonly RawLogEntry[]): Date {
  const newest = Date.parse(entries.at(-1)?.timestamp ?? '');
  return new Date(Number.isNaN(newest) ? 0 : minuteOf(newest));
}

/**
 * Where the complete minutes begin, if only the newest entries were read. The unread requests began before the oldest
 * entry that was read, and few requests take longer than a minute. So that entry's minute and the next one may lack
 * requests; the minutes after them count as complete.
 */
function wholeMinutesFrom(entries: readonly RawLogEntry[], to: Date): Date {
  const oldest = Date.parse(entries.at(-1)?.timestamp ?? '');
  return Number.isNaN(oldest) ? to : new Date(minuteOf(oldest) + 2 * MINUTE_MS);
}

function tooMany(read: number): Unreadable & { readonly hint: string } {
  return {
    state: 'unreadable',
    kind: 'too many',
    why: `there are more request logs than may be read: ${read === 0 ? 'earlier ones' : `the first ${countText(read)}`} used up our share of the project's reads per minute`,
    hint: 'CANARY_SOURCE=monitoring reads metrics instead, which work at any volume but arrive minutes later.',
  };
}

type ReadLimit = {
  /** Counts a read and returns true, unless none is left in this minute. Call it before each read. */
  take(): boolean;
  left(): number;
};

/** Allows so many reads in any minute. */
function limitReads(mostAMinute: number): ReadLimit {
  let taken: number[] = [];
  const left = (): number => {
    const now = performance.now();
    taken = taken.filter((at) => now - at < MINUTE_MS);
    return mostAMinute - taken.length;
  };
  return {
    left,
    take() {
      if (left() === 0) return false;
      taken.push(performance.now());
      return true;
    },
  };
}
