import type { HistoryReading, ObservationQuery, ReadMinutes } from '../observations/source.ts';
import { MINUTE_MS, minuteOf } from './minutes.ts';

/**
 * A query for one revision in the whole minutes before a moment. Queries have two revisions, so here both are the same.
 */
export function historyQuery(history: { revision: string; before: Date; minutes: number }): ObservationQuery {
  const to = new Date(minuteOf(history.before.getTime()));
  const from = new Date(to.getTime() - history.minutes * MINUTE_MS);
  return { stable: history.revision, canary: history.revision, from, to };
}

/** The minutes of the one revision in the answer to such a query; minutes without requests are left out. */
export function historyIn({ closed }: Pick<ReadMinutes, 'closed'>): HistoryReading {
  return { state: 'read', minutes: closed.flatMap(({ stable }) => (stable.requests > 0 ? [stable] : [])) };
}
