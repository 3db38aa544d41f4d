import type { EntriesPage, LogApi, Patience } from '@deploy/cloudrun';
import { countText } from '../figures.ts';
import type { ObservationSource, Unreadable } from '../observations/source.ts';
import { historyQuery } from './history-query.ts';
import { MINUTE_MS, minuteOf } from './minutes.ts';
import type { PlatformClock } from './platform-clock.ts';
import { ENTRIES_A_PAGE, type QueriedService, READS_A_MINUTE, requestLogFilter } from './queries.ts';
import { createReadShare } from './read-share.ts';
import { observeRequestLog, type RawLogEntry } from './request-log.ts';
import { orUnreadable } from './unreadable.ts';

/** How late an entry is assumed to arrive. Cloud Logging promises nothing, but entries come within seconds. */
const LOG_DELAY_MS = 30_000;
/** The most pages of history to read. Each of them is missing from the polls of the same minute. */
const HISTORY_PAGES = 15;

export type LogSourceOptions = { readonly delayMs?: number; readonly patience: Patience };

type Entries = {
  readonly entries: readonly RawLogEntry[];
  /** The platform's time before the read. Entries that had arrived by then are included. */
  readonly readAt: Date;
  readonly isComplete: boolean;
};

/** Reads observations from request logs, in whole pages, within our share of the project's reads. */
export function openLogSource(
  api: LogApi,
  service: QueriedService,
  clock: PlatformClock,
  { delayMs = LOG_DELAY_MS, patience }: LogSourceOptions,
): ObservationSource {
  const share = createReadShare(READS_A_MINUTE);

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
      if (pages === mostPages || !share.take())
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
        const { entries, readAt, isComplete } = await readPages(
          requestLogFilter(service, query),
          'oldest first',
          READS_A_MINUTE,
        );
        if (!isComplete) return tooMany(entries.length);
        return observeRequestLog(entries, query, { now: readAt, delayMs });
      }),

    readHistory: ({ revision, before, minutes }) =>
      orUnreadable(async () => {
        const query = historyQuery({ revision, before, minutes });
        const { entries, readAt, isComplete } = await readPages(
          requestLogFilter(service, query),
          'newest first',
          HISTORY_PAGES,
        );
        const from = isComplete ? query.from : wholeMinutesFrom(entries, query.to);
        const { closed } = observeRequestLog(entries, { ...query, from }, { now: readAt, delayMs });
        return {
          state: 'read',
          minutes: closed.flatMap(({ stable }) => (stable.requests > 0 ? [stable] : [])),
        };
      }),
  };
}

/**
 * The first minute that was read completely, if reading ended early at the oldest entry. Most requests take less than a
 * minute.
 */
function wholeMinutesFrom(entries: readonly RawLogEntry[], to: Date): Date {
  const oldest = Date.parse(entries.at(-1)?.timestamp ?? '');
  return Number.isNaN(oldest) ? to : new Date(minuteOf(oldest) + 2 * MINUTE_MS);
}

function tooMany(read: number): Unreadable {
  return {
    state: 'unreadable',
    kind: 'too many',
    why: `there are more request logs than may be read: the first ${countText(read)} took our share of the reads a minute that the project has`,
    hint: 'CANARY_SOURCE=monitoring reads metrics instead, which take any volume and come minutes late.',
  };
}
